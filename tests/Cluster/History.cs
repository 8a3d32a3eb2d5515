using System.Collections.Concurrent;
using System.Diagnostics;

namespace Shop.Cluster.Tests;

/// <summary>What a client asked of a SKU.</summary>
public enum Kind
{
    /// <summary>Takes units: a reservation or a checkout.</summary>
    Take,

    /// <summary>Gives reserved units back.</summary>
    Give,

    /// <summary>Looks at what is available.</summary>
    Look,
}

/// <summary>
/// One operation as its client saw it: when it began and ended, on a clock that all clients share, and what it was told.
/// An operation without an end may have happened at any time after its beginning, or not at all.
/// </summary>
/// <param name="Kind">What was asked.</param>
/// <param name="Units">How many units: asked for, given back, or seen.</param>
/// <param name="Began">When it began, in ticks of the shared clock.</param>
/// <param name="Ended">When the answer came; the end of time when none did.</param>
/// <param name="Succeeded">Whether units changed hands; null when that is not known.</param>
public sealed record Operation(Kind Kind, int Units, long Began, long Ended, bool? Succeeded)
{
    public bool IsCertain => Succeeded is not null;
}

/// <summary>What happened in a run, by SKU.</summary>
public sealed class History
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Operation>> _operations = new();
    private readonly ConcurrentQueue<long> _sales = new();

    public static long Now => Stopwatch.GetTimestamp();

    public IEnumerable<string> Skus => _operations.Keys;

    public int Count => _operations.Values.Sum(o => o.Count);

    public IReadOnlyCollection<Operation> Of(string sku) => _operations.TryGetValue(sku, out var operations) ? operations : [];

    public void Add(string sku, Operation operation) => _operations.GetOrAdd(sku, _ => new()).Enqueue(operation);

    /// <summary>A checkout succeeded now.</summary>
    public void Sold() => _sales.Enqueue(Now);

    /// <summary>The longest time in which no checkout succeeded.</summary>
    public TimeSpan LongestOutage(long began, long ended)
    {
        long longest = 0, before = began;
        foreach (long at in _sales.Append(ended).Where(t => t >= began).Order())
        {
            longest = Math.Max(longest, at - before);
            before = at;
        }

        return Stopwatch.GetElapsedTime(0, longest);
    }
}
