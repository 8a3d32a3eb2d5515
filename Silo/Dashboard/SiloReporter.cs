using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Reflection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Shop.Engine;
using Shop.Hosting;
using Shop.Metrics;

namespace Shop.Dashboard;

/// <summary>Tells the dashboard how this silo is: every second while somebody looks, every tenth otherwise. The figures are those of <c>/metrics</c>.</summary>
internal sealed class SiloReporter(
    IGrainFactory grains, MetricsCollector metrics, ICallSamples samples, IMeterFactory meters, TimeProvider clock, IOptions<ShopOptions> options, ILogger<SiloReporter> log) : BackgroundService
{
    private const string Live = "shop_runtime_activations_live", Calls = "shop_runtime_calls_total", Failed = "shop_runtime_calls_failed_total",
        Duration = "shop_runtime_call_duration_seconds", Commits = "shop_journal_commits_total", Events = "shop_journal_events_total", Flush = "shop_journal_batch_duration_seconds";

    private static readonly string[] Names = [Live, Calls, Failed, Duration, Commits, Events, Flush];
    private const int SecondsUnwatched = 10;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    // Times are of the calls of this many reports, so that rare methods show some.
    private const int ReportsOfTimes = 10;

    // Of each class so many of the busiest and of the slowest grains.
    private const int Keys = 8;

    private readonly string _name = options.Value.Cluster.Name is { Length: > 0 } name ? name : $"{Environment.MachineName}:{Environment.ProcessId}";
    private readonly string _version = typeof(SiloReporter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";
    private readonly DateTimeOffset _startedAt = clock.GetUtcNow();
    private readonly Queue<Look> _looks = [];
    private readonly Histogram<double> _took = meters.Create("Shop.Dashboard").CreateHistogram<double>("shop.dashboard.report.duration", "s", "Time that it takes to sum up what this silo does");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        _looks.Enqueue(LookNow());
        bool isWatched = false;
        for (int second = 0; !stoppingToken.IsCancellationRequested; second++)
        {
            try
            {
                await Task.Delay(Second, clock, stoppingToken);
                IDashboardGrain dashboard = grains.GetGrain<IDashboardGrain>(IDashboardGrain.Key);
                isWatched = await (isWatched || second % SecondsUnwatched == 0 ? dashboard.Report(Measured()) : dashboard.IsWatched()).WaitAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // A cluster that is changing has no place for the dashboard now; it will have.
                DashboardLog.NotReported(log, e);
                isWatched = false;
            }
        }
    }

    private SiloReport Measured()
    {
        long began = clock.GetTimestamp();
        SiloReport report = Next();
        _took.Record(clock.GetElapsedTime(began).TotalSeconds);
        return report;
    }

    private SiloReport Next()
    {
        Look before = _looks.Last(), oldest = _looks.Peek(), now = LookNow();
        _looks.Enqueue(now);
        if (_looks.Count > ReportsOfTimes) _looks.Dequeue();
        double seconds = Math.Max(0.001, clock.GetElapsedTime(before.Timestamp, now.Timestamp).TotalSeconds);
        double Rate(string name, string grain = "", string method = "") => (now.Of(name, grain, method).Value - before.Of(name, grain, method).Value) / seconds;
        MetricFigure flushes = now.Of(Flush).Since(oldest.Of(Flush));
        double batches = (now.Of(Flush).Count - before.Of(Flush).Count) / seconds;
        var journal = new JournalReport(Rate(Commits), Rate(Events), batches > 0 ? Rate(Events) / batches : 0, flushes.Quantile(0.5), flushes.Quantile(0.99));
        ILookup<string, KeyReport> keys = samples.Read(Keys).ToLookup(s => s.Grain, s => new KeyReport(s.Key, s.CallsPerSecond, s.Mean, s.Max));
        ImmutableArray<GrainReport> classes =
        [
            .. now.All(Live).Concat(now.All(Calls)).Select(f => f["grain"]).Distinct().Order(StringComparer.Ordinal).Select(grain => new GrainReport(
                grain, (int)now.Of(Live, grain).Value,
                TimesOf(now.All(Duration).Where(f => f["grain"] == grain).Select(f => f.Since(oldest.Of(Duration, grain, f["method"]))).Aggregate(Look.Nothing, (sum, f) => sum.With(f))),
                [.. now.All(Calls).Where(f => f["grain"] == grain).Select(f => MethodOf(grain, f["method"])).OrderBy(m => m.Method, StringComparer.Ordinal)]) { Keys = [.. keys[grain]] }),
        ];
        return new SiloReport(
            _name, _version, _startedAt, clock.GetUtcNow(), Share(now.Cpu - before.Cpu, seconds * Environment.ProcessorCount), Environment.WorkingSet, GC.GetTotalMemory(false),
            Share(now.Paused - before.Paused, seconds), ThreadPool.ThreadCount, ThreadPool.PendingWorkItemCount, journal, classes);

        MethodReport MethodOf(string grain, string method) => new(
            method, (long)now.Of(Calls, grain, method).Value, (long)now.Of(Failed, grain, method).Value, Rate(Calls, grain, method), Rate(Failed, grain, method),
            TimesOf(now.Of(Duration, grain, method).Since(oldest.Of(Duration, grain, method))));
    }

    private static CallTimes TimesOf(MetricFigure times) => new(times.Quantile(0.5), times.Quantile(0.95), times.Quantile(0.99));

    private static double Share(TimeSpan part, double seconds) => Math.Clamp(part.TotalSeconds / seconds, 0, 1);

    private Look LookNow() => new(clock.GetTimestamp(), Environment.CpuUsage.TotalTime, GC.GetTotalPauseDuration(), metrics.Read(Names));

    /// <summary>All figures at a moment.</summary>
    private sealed class Look(long timestamp, TimeSpan cpu, TimeSpan paused, IReadOnlyDictionary<string, IReadOnlyList<MetricFigure>> figures)
    {
        public static readonly MetricFigure Nothing = new(new Dictionary<string, string>(), 0, 0, []);

        private readonly Dictionary<(string Name, string Grain, string Method), MetricFigure> _figures =
            figures.SelectMany(f => f.Value, (f, figure) => (Key: (f.Key, figure["grain"], figure["method"]), figure)).DistinctBy(f => f.Key).ToDictionary(f => f.Key, f => f.figure);

        public long Timestamp => timestamp;

        public TimeSpan Cpu => cpu;

        public TimeSpan Paused => paused;

        public IReadOnlyList<MetricFigure> All(string name) => figures.GetValueOrDefault(name, []);

        public MetricFigure Of(string name, string grain = "", string method = "") => _figures.GetValueOrDefault((name, grain, method), Nothing);
    }
}

internal static partial class DashboardLog
{
    [LoggerMessage(131, LogLevel.Debug, "The dashboard was not told how this silo is; it is tried again")]
    public static partial void NotReported(ILogger log, Exception error);
}
