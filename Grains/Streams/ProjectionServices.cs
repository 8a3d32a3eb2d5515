using Microsoft.Extensions.Logging;

namespace Shop.Streams;

/// <summary>What every projection needs from the silo.</summary>
public sealed class ProjectionServices(IProjectionStore store, TimeProvider clock, ProjectionInstruments instruments, ILogger<ProjectionServices> log) : IDisposable
{
    /// <summary>
    /// How many consumers of this silo work at the same time: half of the processors, so that those who wait for an answer come
    /// first. Consumers that fall behind catch up when it is quieter.
    /// </summary>
    internal SemaphoreSlim Work { get; } = new(Math.Max(1, Environment.ProcessorCount / 2));

    internal IProjectionStore Store => store;

    /// <inheritdoc/>
    public void Dispose() => Work.Dispose();

    internal TimeProvider Clock => clock;

    internal ProjectionInstruments Instruments => instruments;

    internal ILogger Log => log;
}

internal static partial class ProjectionLog
{
    [LoggerMessage(121, LogLevel.Error, "{Projection} cannot take event {EventId}, which is parked; its key waits with it")]
    public static partial void Parked(ILogger log, Exception error, string projection, string eventId);
}
