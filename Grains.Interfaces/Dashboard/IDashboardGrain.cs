namespace Shop.Dashboard;

/// <summary>
/// Gathers what silos report of themselves, for whoever looks at the dashboard. Its key is <see cref="Key"/>. It keeps the last minutes in
/// memory only: after a crash the charts begin anew.
/// </summary>
[Alias("Dashboard")]
public interface IDashboardGrain : IGrainWithStringKey
{
    /// <summary>The key.</summary>
    const string Key = "dashboard";

    /// <summary>A silo says how it is; whether anybody is looking.</summary>
    Task<bool> Report(SiloReport report);

    /// <summary>Whether anybody is looking, so that silos should say every second how they are.</summary>
    [ReadOnly]
    Task<bool> IsWatched();

    /// <summary>The newest of every silo, and of each what was since a moment, for charts.</summary>
    Task<DashboardView> Read(DateTimeOffset since);
}

/// <summary>What a silo is doing now. Rates are a second's, of the time since the report before.</summary>
/// <param name="Silo">Its name in the cluster.</param>
/// <param name="Version">The version of the software.</param>
/// <param name="StartedAt">When the process started.</param>
/// <param name="At">The moment; in what the dashboard shows, when the report came.</param>
/// <param name="Cpu">The share of all processors that the process uses, 0 to 1.</param>
/// <param name="WorkingSet">Memory of the process, in bytes.</param>
/// <param name="Heap">Memory of the collector, in bytes.</param>
/// <param name="GcPause">The share of time in which the collector stopped everything, 0 to 1.</param>
/// <param name="Threads">Threads of the pool.</param>
/// <param name="Queued">What waits for a thread of the pool.</param>
/// <param name="Journal">What its journal writer does.</param>
/// <param name="Grains">Its grain classes, by name.</param>
[GenerateSerializer, Immutable, Alias("SiloReport")]
public sealed record SiloReport(
    string Silo, string Version, DateTimeOffset StartedAt, DateTimeOffset At, double Cpu, long WorkingSet, long Heap, double GcPause, int Threads, long Queued,
    JournalReport Journal, ImmutableArray<GrainReport> Grains);

/// <summary>What a silo's journal writer does.</summary>
/// <param name="CommitsPerSecond">Durable commits.</param>
/// <param name="EventsPerSecond">Durable events.</param>
/// <param name="EventsPerBatch">Events in a transaction, on average.</param>
/// <param name="FlushMedian">Seconds from the start of a batch until it is durable, half of them; null without batches.</param>
/// <param name="Flush99">The same, of 99 in 100.</param>
[GenerateSerializer, Immutable, Alias("JournalReport")]
public sealed record JournalReport(double CommitsPerSecond, double EventsPerSecond, double EventsPerBatch, double? FlushMedian, double? Flush99);

/// <summary>A grain class on a silo.</summary>
/// <param name="Grain">Its name.</param>
/// <param name="Activations">Those in memory.</param>
/// <param name="Times">How long its calls take.</param>
/// <param name="Methods">Its methods that were ever called, by name.</param>
[GenerateSerializer, Immutable, Alias("GrainReport")]
public sealed record GrainReport(string Grain, int Activations, CallTimes Times, ImmutableArray<MethodReport> Methods)
{
    /// <summary>The busiest and the slowest of its grains on this silo, of a sample of the last calls. Older software tells of none.</summary>
    [Id(0)]
    public ImmutableArray<KeyReport> Keys { get; init => field = value.IsDefault ? [] : value; } = [];
}

/// <summary>A grain of a class: about how often it is called, and how long a sample of its calls took, in seconds.</summary>
[GenerateSerializer, Immutable, Alias("KeyReport")]
public sealed record KeyReport(string Key, double CallsPerSecond, double Mean, double Max);

/// <summary>A method of a grain class on a silo.</summary>
[GenerateSerializer, Immutable, Alias("MethodReport")]
public sealed record MethodReport(string Method, long Calls, long Failed, double CallsPerSecond, double FailedPerSecond, CallTimes Times);

/// <summary>How long calls take, in seconds, of a sample of the last ones; null when there were none.</summary>
[GenerateSerializer, Immutable, Alias("CallTimes")]
public sealed record CallTimes(double? Median, double? P95, double? P99);

/// <summary>What the dashboard shows.</summary>
[GenerateSerializer, Immutable, Alias("DashboardView")]
public sealed record DashboardView(ImmutableArray<SiloReport> Silos, ImmutableArray<SiloMoment> Moments);

/// <summary>A point in the charts of a silo.</summary>
[GenerateSerializer, Immutable, Alias("SiloMoment")]
public sealed record SiloMoment(
    string Silo, DateTimeOffset At, double Cpu, long WorkingSet, int Activations, double CallsPerSecond, double FailedPerSecond, double CommitsPerSecond, double? Flush99);
