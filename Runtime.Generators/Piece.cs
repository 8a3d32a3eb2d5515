using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;

namespace Shop.Runtime.Generators;

/// <summary>What one declaration contributes: code, the lines that register it, and what is wrong with it. Compared by value.</summary>
internal sealed class Piece(string name, string code, IReadOnlyList<string> registrations, IReadOnlyList<Problem> problems) : IEquatable<Piece>
{
    public string Name { get; } = name;

    public string Code { get; } = code;

    public IReadOnlyList<string> Registrations { get; } = registrations;

    public IReadOnlyList<Problem> Problems { get; } = problems;

    public bool Equals(Piece? other) => other is not null && Name == other.Name && Code == other.Code
        && Registrations.SequenceEqual(other.Registrations) && Problems.SequenceEqual(other.Problems);

    public override bool Equals(object? obj) => Equals(obj as Piece);

    public override int GetHashCode() => (Name.GetHashCode() * 397) ^ Code.GetHashCode();
}

/// <summary>An error in a declaration, with where it is.</summary>
internal sealed class Problem(DiagnosticDescriptor descriptor, Location? location, string argument) : IEquatable<Problem>
{
    public static readonly DiagnosticDescriptor NoCodec = new("SHOP001", "Type cannot cross a grain boundary",
        "{0}: mark the type with [GenerateSerializer], or use a type that has a codec", "Grains", DiagnosticSeverity.Error, isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor BadMethod = new("SHOP002", "Not a grain method",
        "{0}: a grain method returns Task, Task<T>, ValueTask or ValueTask<T>, is not generic and has no ref parameters", "Grains", DiagnosticSeverity.Error, isEnabledByDefault: true);

    public Diagnostic ToDiagnostic() => Diagnostic.Create(descriptor, location, argument);

    public bool Equals(Problem? other) => other is not null && other.ToDiagnostic().ToString() == ToDiagnostic().ToString();

    public override bool Equals(object? obj) => Equals(obj as Problem);

    public override int GetHashCode() => argument.GetHashCode();
}
