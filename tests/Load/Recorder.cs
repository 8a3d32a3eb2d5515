using System.Collections.Concurrent;
using System.Diagnostics;

namespace Shop.Load;

/// <summary>What happened in one second of a run.</summary>
public sealed class Second
{
    private readonly long[] _outcomes = new long[Enum.GetValues<Outcome>().Length];

    /// <summary>The latencies of what succeeded.</summary>
    public LatencyHistogram Latencies { get; } = new();

    /// <summary>Units that could be bought at the end of the second, if somebody looked.</summary>
    public long? Stock { get; set; }

    /// <summary>The working set of the shop's processes in bytes, if it could be told.</summary>
    public long? WorkingSet { get; set; }

    /// <summary>How many ended so.</summary>
    public long this[Outcome outcome] => Interlocked.Read(ref _outcomes[(int)outcome]);

    internal void Count(Outcome outcome) => Interlocked.Increment(ref _outcomes[(int)outcome]);
}

/// <summary>Everything that a run has to tell, second by second. Latencies count from the moment at which a request was due.</summary>
public sealed class Recorder(TimeSpan warmUp, TimeSpan duration)
{
    private const int ReasonsMax = 20;

    // Answers that come after the end have a little room.
    private readonly Second[] _seconds = [.. Enumerable.Range(0, (int)Math.Ceiling((warmUp + duration).TotalSeconds) + 30).Select(_ => new Second())];
    private readonly ConcurrentDictionary<string, long> _reasons = [];
    private long _began;

    /// <summary>How long the run is measured, after its warm-up.</summary>
    public TimeSpan Duration => duration;

    /// <summary>The measured seconds.</summary>
    public IReadOnlyList<Second> Measured => [.. _seconds.Skip((int)warmUp.TotalSeconds).Take((int)duration.TotalSeconds)];

    /// <summary>The time since the run began.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_began);

    /// <summary>The second of now.</summary>
    public Second Now => _seconds[Math.Min((int)Elapsed.TotalSeconds, _seconds.Length - 1)];

    /// <summary>The run begins.</summary>
    public void Begin() => _began = Stopwatch.GetTimestamp();

    /// <summary>A request that was due at a moment has ended.</summary>
    public void Record(Outcome outcome, TimeSpan due)
    {
        Second second = Now;
        second.Count(outcome);
        if (outcome == Outcome.Done) second.Latencies.Record(Elapsed - due);
    }

    /// <summary>A request that was due at a moment has failed.</summary>
    public void Fail(string reason, TimeSpan due)
    {
        Record(Outcome.Failed, due);
        _reasons.AddOrUpdate(_reasons.Count < ReasonsMax || _reasons.ContainsKey(reason) ? reason : "other reasons", 1, (_, count) => count + 1);
    }

    /// <summary>Why requests failed, from the beginning to the end, the most frequent reason first.</summary>
    public IReadOnlyList<(string Reason, long Count)> Failures => [.. _reasons.OrderByDescending(r => r.Value).Select(r => (r.Key, r.Value))];

    /// <summary>How many ended so in the measured time.</summary>
    public long Count(Outcome outcome) => Measured.Sum(s => s[outcome]);

    /// <summary>How many ended so from the beginning to the end.</summary>
    public long Total(Outcome outcome) => _seconds.Sum(s => s[outcome]);

    /// <summary>How many ended so in the measured time, a second.</summary>
    public double Rate(Outcome outcome) => Count(outcome) / duration.TotalSeconds;

    /// <summary>The latencies of the measured time.</summary>
    public LatencyHistogram Latencies()
    {
        var sum = new LatencyHistogram();
        foreach (Second second in Measured) sum.Add(second.Latencies);
        return sum;
    }
}
