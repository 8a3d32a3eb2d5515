namespace Shop.Gateway.Admission;

/// <summary>
/// How many requests are worked on at once, found out by looking: as many as the shop finishes in the time that one may take (Little's
/// law), and carefully more while somebody waits and the time would still be kept with more: twice as many at once take twice as long. Not safe for threads.
/// </summary>
public sealed class ConcurrencyLimit(AdmissionOptions options)
{
    private const int CompletionsMin = 20, Remembered = 30;
    private const double Growth = 1.25, ToleratedSlowdown = 2;
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RememberEvery = TimeSpan.FromSeconds(10);

    // The fastest averages of the last minutes; what a request takes when nothing is in its way.
    private readonly Queue<double> _fastest = new();
    private double _fastestNow = double.MaxValue;
    private TimeSpan _began, _rememberedAt, _restartedAt, _lastAt, _crowdedFor;
    private bool _crowded;
    private long _completions, _crowdedCompletions, _sinceRestart;
    private double _seconds;

    /// <summary>The limit now.</summary>
    public double Value { get; private set; } = Math.Clamp(256, options.ConcurrencyMin, options.ConcurrencyMax);

    /// <summary>Requests a second that it can finish, by what was finished lately while others waited; 0 when that is not known.</summary>
    public double Throughput { get; private set; }

    /// <summary>Requests a second that it can finish, by the slower of what was finished lately and since the restart: who is taken in for seconds waits for all of them.</summary>
    public double ThroughputInCrowd { get; private set; }

    /// <summary>Requests a second that were finished before it was not known any more; 0 when that was never known.</summary>
    public double ThroughputBefore { get; private set; }

    /// <summary>A request was finished.</summary>
    /// <param name="now">The time since some moment.</param>
    /// <param name="took">How long it was worked on.</param>
    /// <param name="crowded">Whether others wait for their turn.</param>
    public void Completed(TimeSpan now, TimeSpan took, bool crowded)
    {
        _completions++;
        _sinceRestart++;
        _seconds += took.TotalSeconds;
        if (_crowded)
        {
            _crowdedCompletions++;
            _crowdedFor += now - _lastAt;
        }

        (_lastAt, _crowded) = (now, crowded);
        TimeSpan elapsed = now - _began;
        if (elapsed < Window || _completions < CompletionsMin) return;
        double average = _seconds / _completions;
        // A pause before this window is not what the shop can do, nor is what it does while nobody waits: that is what is asked of it.
        if (elapsed < 5 * Window)
            Throughput = _crowdedFor >= Window / 2 ? _crowdedCompletions / _crowdedFor.TotalSeconds : Math.Max(Throughput, _completions / elapsed.TotalSeconds);
        ThroughputInCrowd = Math.Min(Throughput, _sinceRestart / (now - _restartedAt).TotalSeconds);
        Adapt(average, crowded);
        Remember(now, average);
        Begin(now);
    }

    /// <summary>What was finished until now says nothing of what the shop can do, because nobody waited.</summary>
    /// <param name="now">The time since the same moment.</param>
    public void Restart(TimeSpan now)
    {
        if (Throughput > 0) ThroughputBefore = Throughput;
        (Throughput, ThroughputInCrowd, _restartedAt, _sinceRestart) = (0, 0, now, 0);
        (_lastAt, _crowded) = (now, true);
        Begin(now);
    }

    private void Begin(TimeSpan now) => (_began, _completions, _seconds, _crowdedCompletions, _crowdedFor) = (now, 0, 0, 0, TimeSpan.Zero);

    private void Adapt(double average, bool crowded)
    {
        double usual = Math.Min(_fastestNow, _fastest.Count > 0 ? _fastest.Min() : double.MaxValue);
        double target = usual == double.MaxValue ? options.TargetLatency.TotalSeconds : Math.Max(options.TargetLatency.TotalSeconds, ToleratedSlowdown * usual);
        double wanted = average > target && Throughput > 0 ? (Value + (Throughput * target)) / 2
            : crowded && average * Growth <= target ? Value * Growth
            : Value;
        Value = Math.Clamp(wanted, options.ConcurrencyMin, options.ConcurrencyMax);
    }

    private void Remember(TimeSpan now, double average)
    {
        _fastestNow = Math.Min(_fastestNow, average);
        if (now - _rememberedAt < RememberEvery) return;
        _fastest.Enqueue(_fastestNow);
        if (_fastest.Count > Remembered) _fastest.Dequeue();
        (_fastestNow, _rememberedAt) = (double.MaxValue, now);
    }
}
