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

    [LoggerMessage(7, LogLevel.Warning, "The membership table cannot be reached; it is tried again")]
    public static partial void MembershipUnreachable(ILogger log, Exception error);

    [LoggerMessage(8, LogLevel.Information, "Silo {Name} joined the cluster in epoch {Epoch}, view {View}")]
    public static partial void Joined(ILogger log, string name, long epoch, long view);

    [LoggerMessage(9, LogLevel.Error, "Silo {Name} lost its lease in epoch {Epoch}; it serves nothing until it has joined again")]
    public static partial void Fenced(ILogger log, string name, long epoch);

    [LoggerMessage(10, LogLevel.Information, "View {View} of the cluster has {Members} members")]
    public static partial void ViewChanged(ILogger log, long view, int members);

    [LoggerMessage(11, LogLevel.Information, "The connection to {Peer} ended: {Reason}")]
    public static partial void ConnectionEnded(ILogger log, string peer, string reason);

    [LoggerMessage(12, LogLevel.Debug, "{Peer} cannot be reached: {Reason}")]
    public static partial void PeerUnreachable(ILogger log, string peer, string reason);

    [LoggerMessage(13, LogLevel.Warning, "A connection from {Peer} was refused: {Reason}")]
    public static partial void ConnectionRefused(ILogger log, string peer, string reason);

    [LoggerMessage(14, LogLevel.Information, "The silo had {Count} activations when view {View} came")]
    public static partial void Moving(ILogger log, int count, long view);

    [LoggerMessage(15, LogLevel.Warning, "A message from {Peer} makes no sense")]
    public static partial void BadMessage(ILogger log, Exception error, string peer);

    [LoggerMessage(16, LogLevel.Debug, "{Peer} connected")]
    public static partial void ConnectionOpened(ILogger log, string peer);

    [LoggerMessage(17, LogLevel.Warning, "The silo could not leave the cluster in order")]
    public static partial void LeaveFailed(ILogger log, Exception error);

    [LoggerMessage(18, LogLevel.Error, "The reminders could not be read; those that are this silo's now do not tick until they are")]
    public static partial void RemindersUnread(ILogger log, Exception error);

    [LoggerMessage(19, LogLevel.Warning, "{Consumer} did not take the next items of {Stream}; they come again")]
    public static partial void DeliveryFailed(ILogger log, Exception error, StreamId stream, GrainId consumer);

    [LoggerMessage(20, LogLevel.Error, "The streams of {Provider} could not be divided among the silos; it is tried again")]
    public static partial void StreamsUndivided(ILogger log, Exception error, string provider);
}
