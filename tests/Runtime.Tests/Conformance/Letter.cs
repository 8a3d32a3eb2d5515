using System.Collections.Immutable;
using Orleans;
using Orleans.Concurrency;

namespace Shop.Runtime.Tests;

[GenerateSerializer]
public sealed record Letter(string To, ImmutableArray<int> Pages, Dictionary<string, decimal>? Enclosed, DateTimeOffset? SentAt, Stamp Stamp)
{
    [Id(0)]
    public string? Remark { get; init; }
}

[GenerateSerializer, Immutable]
public readonly record struct Stamp(decimal Value, Colour Colour);

public enum Colour
{
    Red,
    Blue,
}

[GenerateSerializer, Immutable]
public abstract record Answer
{
    [GenerateSerializer, Immutable]
    public sealed record Yes(int Count) : Answer;

    [GenerateSerializer, Immutable]
    public sealed record No(string Reason) : Answer;
}
