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
    private TimeSpan _began, _rememberedAt;
    private bool _beganCrowded;
    private long _completions;
    private double _seconds;

    /// <summary>The limit now.</summary>
    public double Value { get; private set; } = Math.Clamp(256, options.ConcurrencyMin, options.ConcurrencyMax);

    /// <summary>Requests a second that it can finish, by what was finished lately while others waited; 0 when that is not known.</summary>
    public double Throughput { get; private set; }

    /// <summary>Requests a second that were finished before it was not known any more; 0 when that was never known.</summary>
    public double ThroughputBefore { get; private set; }

    /// <summary>A request was finished.</summary>
    /// <param name="now">The time since some moment.</param>
    /// <param name="took">How long it was worked on.</param>
    /// <param name="crowded">Whether others wait for their turn.</param>
    public void Completed(TimeSpan now, TimeSpan took, bool crowded)
    {
        _completions++;
        _seconds += took.TotalSeconds;
        TimeSpan elapsed = now - _began;
        if (elapsed < Window || _completions < CompletionsMin) return;
        double average = _seconds / _completions;
        // A pause before this window is not what the shop can do, nor is what it does while nobody waits: that is what is asked of it.
        double perSecond = _completions / elapsed.TotalSeconds;
        if (elapsed < 5 * Window) Throughput = _beganCrowded && crowded ? perSecond : Math.Max(Throughput, perSecond);
        Adapt(average, crowded);
        Remember(now, average);
        (_began, _beganCrowded, _completions, _seconds) = (now, crowded, 0, 0);
    }

    /// <summary>What was finished until now says nothing of what the shop can do, because nobody waited.</summary>
    /// <param name="now">The time since the same moment.</param>
    public void Restart(TimeSpan now)
    {
        if (Throughput > 0) ThroughputBefore = Throughput;
        (Throughput, _began, _beganCrowded, _completions, _seconds) = (0, now, true, 0, 0);
    }

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
