using Orleans.Runtime;

namespace Orleans;

/// <summary>A reminder as it is kept.</summary>
public sealed class ReminderEntry
{
    /// <summary>The grain that it reminds.</summary>
    public GrainId GrainId { get; set; }

    /// <summary>Its name within the grain.</summary>
    public string ReminderName { get; set; } = "";

    /// <summary>When it ticks for the first time, in UTC.</summary>
    public DateTime StartAt { get; set; }

    /// <summary>How often it ticks.</summary>
    public TimeSpan Period { get; set; }

    /// <summary>The version in the table.</summary>
    public string ETag { get; set; } = "";
}

/// <summary>Some reminders.</summary>
public sealed class ReminderTableData(IEnumerable<ReminderEntry> list)
{
    /// <summary>They.</summary>
    public IList<ReminderEntry> Reminders { get; } = [.. list];
}

/// <summary>Where reminders are kept.</summary>
public interface IReminderTable
{
    /// <summary>The reminders of a grain.</summary>
    Task<ReminderTableData> ReadRows(GrainId grainId);

    /// <summary>
    /// The reminders of a part of the ring of grains: of those whose <see cref="GrainId.GetUniformHashCode"/> is above one place and not above
    /// the other, the ring going on after its end; of all grains when the two are the same.
    /// </summary>
    Task<ReminderTableData> ReadRows(uint begin, uint end);

    /// <summary>A reminder; null when there is none of that name.</summary>
    Task<ReminderEntry?> ReadRow(GrainId grainId, string reminderName);

    /// <summary>Keeps a reminder in the place of the one of its name; the version that it has now.</summary>
    Task<string?> UpsertRow(ReminderEntry entry);

    /// <summary>Removes a reminder, if it has this version; whether it did.</summary>
    Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag);

    /// <summary>Removes all reminders. For tests.</summary>
    Task TestOnlyClearTable();
}
