using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Orleans.Hosting;

internal static partial class RuntimeLog
{
    [LoggerMessage(1, LogLevel.Error, "A turn of {GrainId} ended with an error that nobody awaits")]
    public static partial void TurnFailed(ILogger log, Exception error, GrainId grainId);

    [LoggerMessage(2, LogLevel.Warning, "{GrainId} could not be activated")]
    public static partial void ActivationFailed(ILogger log, Exception error, GrainId grainId);

    [LoggerMessage(3, LogLevel.Warning, "{GrainId} failed while it was deactivated")]
    public static partial void DeactivationFailed(ILogger log, Exception error, GrainId grainId);

    [LoggerMessage(4, LogLevel.Warning, "A timer of {GrainId} failed; it goes on")]
    public static partial void TimerFailed(ILogger log, Exception error, GrainId grainId);

    [LoggerMessage(5, LogLevel.Warning, "Reminder {Name} of {GrainId} failed; it ticks again in its time")]
    public static partial void ReminderFailed(ILogger log, Exception error, GrainId grainId, string name);

    [LoggerMessage(6, LogLevel.Warning, "The silo stopped while {Count} activations had not ended")]
    public static partial void StoppedWithActivations(ILogger log, int count);
}
