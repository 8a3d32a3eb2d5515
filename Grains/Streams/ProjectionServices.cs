using Microsoft.Extensions.Logging;

namespace Shop.Streams;

/// <summary>What every projection needs from the silo.</summary>
public sealed class ProjectionServices(IProjectionStore store, IJournalStore journal, TimeProvider clock, CrowdWatch crowd, ProjectionInstruments instruments, ILogger<ProjectionServices> log) : IDisposable
{
    /// <summary>
    /// How many consumers of this silo work at the same time: half of the processors, so that those who wait for an answer come
    /// first. Consumers that fall behind catch up when it is quieter.
    /// </summary>
    internal SemaphoreSlim Work { get; } = new(Math.Max(1, Environment.ProcessorCount / 2));

    internal ProjectionFailures Failures { get; } = new();

    internal IProjectionStore Store => store;

    internal IJournalStore Journal => journal;

    internal TimeProvider Clock => clock;

    internal CrowdWatch Crowd => crowd;

    internal ProjectionInstruments Instruments => instruments;

    internal ILogger Log => log;

    /// <inheritdoc/>
    public void Dispose() => Work.Dispose();
}

internal static partial class ProjectionLog
{
    [LoggerMessage(121, LogLevel.Error, "{Projection} parks event {EventId}; its key waits with it")]
    public static partial void Parked(ILogger log, string projection, string eventId);

    [LoggerMessage(122, LogLevel.Warning, "{Projection} could not take event {EventId}")]
    public static partial void Failed(ILogger log, Exception error, string projection, string eventId);

    [LoggerMessage(123, LogLevel.Information, "{Projection} is made again from the start of partition {Partition}")]
    public static partial void Rebuilding(ILogger log, string projection, int partition);

    [LoggerMessage(124, LogLevel.Information, "{Projection} has been made again in partition {Partition}")]
    public static partial void Rebuilt(ILogger log, string projection, int partition);

    [LoggerMessage(125, LogLevel.Warning, "{Projection} could not write what it has of partition {Partition}; it is read again")]
    public static partial void Unkept(ILogger log, Exception error, string projection, int partition);
}
