namespace Shop.Dashboard;

/// <inheritdoc cref="IDashboardGrain"/>
[Reentrant, GrainType("shop-dashboard")]
public sealed class DashboardGrain(TimeProvider clock) : Grain, IDashboardGrain
{
    private const int SilosMax = 200;
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(5);

    // Who looks asks every second.
    private static readonly TimeSpan Attention = TimeSpan.FromSeconds(15);

    private readonly Dictionary<string, SiloReport> _newest = [];
    private readonly Queue<SiloMoment> _moments = [];
    private DateTimeOffset _readAt = DateTimeOffset.MinValue;

    /// <inheritdoc/>
    public Task<bool> Report(SiloReport report)
    {
        DateTimeOffset now = clock.GetUtcNow();
        foreach (string gone in _newest.Where(s => now - s.Value.At > Kept).Select(s => s.Key).ToArray()) _newest.Remove(gone);
        if (_newest.Count < SilosMax || _newest.ContainsKey(report.Silo))
        {
            // By this clock: those of the silos differ, and what comes later must not seem earlier to who has read until now.
            SiloReport arrived = report with { At = now };
            _newest[report.Silo] = arrived;
            _moments.Enqueue(MomentOf(arrived));
        }

        while (_moments.TryPeek(out SiloMoment? oldest) && now - oldest.At > Kept) _moments.Dequeue();
        return IsWatched();
    }

    /// <inheritdoc/>
    public Task<bool> IsWatched() => Task.FromResult(clock.GetUtcNow() - _readAt < Attention);

    /// <inheritdoc/>
    public Task<DashboardView> Read(DateTimeOffset since)
    {
        _readAt = clock.GetUtcNow();
        return Task.FromResult(new DashboardView(
            [.. _newest.Values.OrderBy(s => s.Silo, StringComparer.Ordinal)], [.. _moments.Where(m => m.At > since)]));
    }

    private static SiloMoment MomentOf(SiloReport report) => new(
        report.Silo, report.At, report.Cpu, report.WorkingSet, report.Grains.Sum(g => g.Activations),
        report.Grains.Sum(g => g.Methods.Sum(m => m.CallsPerSecond)), report.Grains.Sum(g => g.Methods.Sum(m => m.FailedPerSecond)),
        report.Journal.CommitsPerSecond, report.Journal.Flush99);
}
