using Microsoft.Extensions.Logging;

namespace Shop.Streams;

/// <summary>What every projection needs from the silo.</summary>
public sealed class ProjectionServices(IProjectionStore store, TimeProvider clock, ILogger<ProjectionServices> log)
{
    internal IProjectionStore Store => store;

    internal TimeProvider Clock => clock;

    internal ILogger Log => log;
}

internal static partial class ProjectionLog
{
    [LoggerMessage(121, LogLevel.Error, "{Projection} cannot take event {EventId}, which is parked; its key waits with it")]
    public static partial void Parked(ILogger log, Exception error, string projection, string eventId);
}
