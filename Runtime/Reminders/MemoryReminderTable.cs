using System.Collections.Concurrent;
using Orleans.Runtime;

namespace Orleans.Reminders;

/// <summary>Keeps reminders in the memory of this process. For tests.</summary>
internal sealed class MemoryReminderTable : IReminderTable
{
    private readonly ConcurrentDictionary<(GrainId, string), ReminderEntry> _entries = new();

    public Task<ReminderTableData> ReadAll(CancellationToken cancellation) => Task.FromResult(new ReminderTableData(_entries.Values));

    public Task Upsert(ReminderEntry entry, CancellationToken cancellation)
    {
        _entries[(entry.GrainId, entry.ReminderName)] = entry;
        return Task.CompletedTask;
    }

    public Task Remove(GrainId grainId, string name, CancellationToken cancellation)
    {
        _entries.TryRemove((grainId, name), out _);
        return Task.CompletedTask;
    }
}
