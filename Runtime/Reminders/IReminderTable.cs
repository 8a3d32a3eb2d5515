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
}

/// <summary>Some reminders.</summary>
public sealed class ReminderTableData(IEnumerable<ReminderEntry> reminders)
{
    /// <summary>They.</summary>
    public IList<ReminderEntry> Reminders { get; } = [.. reminders];
}

/// <summary>Where reminders are kept.</summary>
public interface IReminderTable
{
    /// <summary>The reminders of a part of the ring of grains; the whole ring, which is all that is needed here, begins where it ends.</summary>
    /// <exception cref="NotSupportedException">A part was asked for.</exception>
    Task<ReminderTableData> ReadRows(uint begin, uint end) =>
        begin == end ? ReadAll(CancellationToken.None) : throw new NotSupportedException("Only the whole ring is read: begin and end are the same.");

    internal Task<ReminderTableData> ReadAll(CancellationToken cancellation);

    internal Task Upsert(ReminderEntry entry, CancellationToken cancellation);

    internal Task Remove(GrainId grainId, string name, CancellationToken cancellation);
}
