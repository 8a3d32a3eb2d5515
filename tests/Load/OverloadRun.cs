using System.Globalization;
using Shop.Load.Scenarios;
using Shop.Load.Targets;

namespace Shop.Load;

/// <summary>
/// What the shop can carry, then three times as much of it, then half: successes must go on as before, those who are served must be served
/// about as quickly, memory must stay, and afterwards everything is as it was.
/// </summary>
public sealed class OverloadRun(IShopTarget target, int skus, TimeSpan warmUp, TimeSpan duration)
{
    private const int Callers = 128, Times = 3;
    private const double KeptAtLeast = 0.9, SlowerAtMost = 2, MemoryAtMost = 1.25;
    private static readonly TimeSpan Onset = TimeSpan.FromSeconds(12), Afterwards = TimeSpan.FromSeconds(20), RecoveredWithin = TimeSpan.FromSeconds(5);

    /// <summary>Runs and prints; 1 when the shop was not right or did not hold.</summary>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var scenario = new CheckoutScenario(skus, zipf: false);
        await scenario.PrepareAsync(target, _ => { });
        long sent = 0;
        async Task<Recorder> RunFor(Arrivals arrivals, string name)
        {
            Recorder recorder = await LoadEngine.RunAsync(arrivals, _ => scenario.RequestAsync(target, Interlocked.Increment(ref sent)), (r, stop) => WatchAsync(name, r, stop), cancellation);
            LiveLine.Clear();
            return recorder;
        }

        Task<Recorder> CarryAsync(TimeSpan first)
        {
            Console.Error.WriteLine($"{Callers} callers for {(first + duration).TotalSeconds:F0} s: what it can carry");
            return RunFor(new Arrivals(Callers, null, long.MaxValue, first, duration), "carrying");
        }

        Recorder normal = await CarryAsync(warmUp);
        double most = normal.Rate(Outcome.Done);

        Console.Error.WriteLine($"{Times * most:N0} a second for {(Onset + duration).TotalSeconds:F0} s, then {most / 2:N0}");
        TimeSpan crowd = Onset + duration;
        TimeSpan DueAt(long number)
        {
            double seconds = number / (Times * most);
            return seconds <= crowd.TotalSeconds ? TimeSpan.FromSeconds(seconds) : crowd + TimeSpan.FromSeconds((number - (crowd.TotalSeconds * Times * most)) / (most / 2));
        }

        Recorder over = await RunFor(new Arrivals(0, n => DueAt(n), long.MaxValue, TimeSpan.Zero, crowd + Afterwards), "a crowd");
        // Machines and tables change meanwhile: the crowd is compared with the time before it and the time after it.
        Recorder later = await CarryAsync(TimeSpan.Zero);
        double carried = (most + later.Rate(Outcome.Done)) / 2;
        TimeSpan usual = (normal.Latencies().Percentile(0.99) + later.Latencies().Percentile(0.99)) / 2;
        IReadOnlyList<Second> seconds = over.Measured;
        Second[] onset = [.. seconds.Take((int)Onset.TotalSeconds)], during = [.. seconds.Skip((int)Onset.TotalSeconds).Take((int)duration.TotalSeconds)];
        Second[] after = [.. seconds.Skip((int)crowd.TotalSeconds)];
        double kept = during.Sum(s => s[Outcome.Done]) / duration.TotalSeconds / carried;
        TimeSpan slow = Percentile(during);
        int recovered = after.TakeWhile(s => s[Outcome.Shed] + s[Outcome.Failed] > 0 || s.Latencies.Percentile(0.99) > SlowerAtMost * usual).Count();
        long memoryBefore = during.Take(5).Max(s => s.WorkingSet ?? 0), memoryAfter = during.TakeLast(5).Max(s => s.WorkingSet ?? 0);
        long failed = seconds.Sum(s => s[Outcome.Failed]);
        IReadOnlyList<string> violations = await scenario.VerifyAsync(target, over);

        List<string> missed = [];
        Line($"what it can carry: {most:N0} checkouts a second before the crowd, {later.Rate(Outcome.Done):N0} after it; p99 {usual.TotalMilliseconds:F0} ms ({Callers} callers)");
        Line($"the first {Onset.TotalSeconds:F0} s of the crowd: {onset.Sum(s => s[Outcome.Done]) / Onset.TotalSeconds:N0} a second, p99 {Percentile(onset).TotalMilliseconds:F0} ms; a burst is taken in");
        Line($"then: {kept:P1} of the most", kept >= KeptAtLeast ? null : "throughput fell");
        Line($"p99 of those served {slow.TotalMilliseconds:F0} ms, {slow / usual:F2} times the usual", slow <= SlowerAtMost * usual ? null : "those served wait too long");
        Line($"sent away {during.Sum(s => s[Outcome.Shed]):N0}, failed {failed:N0}", failed == 0 ? null : "requests failed");
        foreach ((string reason, long count) in over.Failures) Line($"failed {count:N0} times: {reason}");
        Line($"memory {memoryBefore >> 20} MiB at first, {memoryAfter >> 20} MiB at last", memoryAfter <= MemoryAtMost * memoryBefore ? null : "memory grew");
        Line($"as before {recovered} s after the load dropped to a half", recovered <= RecoveredWithin.TotalSeconds ? null : "it did not recover");
        foreach (string violation in violations) Line($"VIOLATION: {violation}", violation);
        Console.WriteLine(missed.Count == 0 ? "Right, and it holds." : $"DOES NOT HOLD: {string.Join("; ", missed)}");
        return missed.Count == 0 ? 0 : 1;

        void Line(FormattableString text, string? miss = null)
        {
            Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
            if (miss is not null) missed.Add(miss);
        }
    }

    private async Task WatchAsync(string name, Recorder recorder, CancellationToken stop)
    {
        var line = new LiveLine(name);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (await timer.WaitForNextTickAsync(stop))
        {
            recorder.Now.WorkingSet = target.WorkingSet;
            line.Show(recorder);
        }
    }

    private static TimeSpan Percentile(IEnumerable<Second> seconds)
    {
        var sum = new LatencyHistogram();
        foreach (Second second in seconds) sum.Add(second.Latencies);
        return sum.Percentile(0.99);
    }
}
