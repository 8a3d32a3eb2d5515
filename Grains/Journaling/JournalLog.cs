using Microsoft.Extensions.Logging;

namespace Shop.Journaling;

internal static partial class JournalLog
{
    [LoggerMessage(101, LogLevel.Warning, "A batch failed at attempt {Attempt} and is tried again")]
    public static partial void BatchRetried(ILogger log, Exception error, int attempt);

    [LoggerMessage(102, LogLevel.Error, "The store did not take a batch of {Count} commits; their outcome is unknown and commands are refused until it is back")]
    public static partial void BatchUnknown(ILogger log, Exception error, int count);

    [LoggerMessage(103, LogLevel.Information, "The store is back")]
    public static partial void StoreIsBack(ILogger log);

    [LoggerMessage(104, LogLevel.Warning, "{GrainId} lost version {Version} to another activation and is reloaded")]
    public static partial void StaleActivation(ILogger log, string grainId, long version);

    [LoggerMessage(105, LogLevel.Warning, "The snapshot of {GrainId} could not be written; the journal has everything")]
    public static partial void SnapshotFailed(ILogger log, Exception error, string grainId);

    [LoggerMessage(106, LogLevel.Warning, "{GrainId} could not go on with its work; it is tried again later")]
    public static partial void ResumeFailed(ILogger log, Exception error, string grainId);

    [LoggerMessage(107, LogLevel.Warning, "Partition {Partition} could not be searched for open work; it is tried again later")]
    public static partial void RecoveryFailed(ILogger log, Exception error, int partition);

    [LoggerMessage(108, LogLevel.Debug, "{GrainId} was taken for new and is not; it is loaded")]
    public static partial void NotNew(ILogger log, string grainId);
}
