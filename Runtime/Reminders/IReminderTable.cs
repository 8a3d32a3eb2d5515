using Orleans.Runtime;

namespace Orleans.Reminders;

/// <summary>A reminder as it is kept.</summary>
internal sealed record ReminderEntry(GrainId GrainId, string Name, DateTime StartAtUtc, TimeSpan Period);

/// <summary>Where reminders are kept.</summary>
internal interface IReminderTable
{
    Task<IReadOnlyList<ReminderEntry>> ReadAll(CancellationToken cancellation);

    Task Upsert(ReminderEntry entry, CancellationToken cancellation);

    Task Remove(GrainId grainId, string name, CancellationToken cancellation);
}
