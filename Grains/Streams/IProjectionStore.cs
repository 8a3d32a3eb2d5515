namespace Shop.Streams;

/// <summary>A row of a projection. Each partition of the journal has a row of its own for a key; readers add them up.</summary>
public sealed record ProjectionRow(string Key, int Partition, string Payload);

/// <summary>An event that a consumer could not take and which waits for somebody to look at it.</summary>
public sealed record ParkedEvent(string Projection, int Partition, string EventId, string Subject, string Event, string Error, DateTimeOffset ParkedAt);

/// <summary>How far a projection has come in a partition, and by which rules.</summary>
public sealed record ProjectionPlace(JournalPosition Position, int RulesVersion);

/// <summary>What becomes of a row of a partition.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Payload">What it says from now on; null when it goes.</param>
/// <param name="IsNew">Whether there is none of this key, which spares the store the look; otherwise there may be one.</param>
public readonly record struct RowChange(string Key, string? Payload, bool IsNew = false);

/// <summary>What changes together in a partition of a projection.</summary>
public sealed record ProjectionCommit(string Projection, int Partition, int RulesVersion, JournalPosition From, JournalPosition To)
{
    /// <summary>Rows that change; each key comes once.</summary>
    public IReadOnlyCollection<RowChange> Rows { get; init; } = [];

    /// <summary>Events that could not be taken.</summary>
    public IReadOnlyCollection<ParkedEvent> Parked { get; init; } = [];

    /// <summary>The id of a parked event that has been taken.</summary>
    public string? Unparked { get; init; }
}

/// <summary>
/// Where projections are kept: what consumers of the journal's stream made of it. Position and rows of a partition change in
/// one transaction, so an event counts exactly once; what is lost in a crash is lost together and made again from the journal.
/// </summary>
public interface IProjectionStore
{
    /// <summary>How far a projection has come in a partition; null when it has not begun.</summary>
    Task<ProjectionPlace?> ReadPlaceAsync(string projection, int partition, CancellationToken cancellation);

    /// <summary>How far all projections have come, by name and partition.</summary>
    Task<IReadOnlyList<(string Projection, int Partition, JournalPosition Position)>> ReadPositionsAsync(CancellationToken cancellation);

    /// <summary>A partition's rows, or those of all partitions, of some keys, in the order of keys.</summary>
    Task<IReadOnlyList<ProjectionRow>> ReadKeysAsync(string projection, int? partition, IReadOnlyCollection<string> keys, CancellationToken cancellation);

    /// <summary>A partition's rows, or those of all partitions, from one key up to, not with, another, in the order of keys.</summary>
    Task<IReadOnlyList<ProjectionRow>> ReadRangeAsync(string projection, int? partition, string from, string to, int limit, CancellationToken cancellation);

    /// <summary>Moves a partition from one position to another and changes its rows, in one transaction.</summary>
    /// <exception cref="StaleProjectionException">The partition is at another position: somebody else consumes it too. A store that meets a row that was to be new may say so as well. Nothing has changed.</exception>
    Task CommitAsync(ProjectionCommit commit, CancellationToken cancellation);

    /// <summary>Puts a replacement in the place of a partition of a projection: its rows, its position and its parked events, in one transaction.</summary>
    /// <exception cref="StaleProjectionException">One of the two is at another position than was said. Nothing has changed.</exception>
    Task ReplaceAsync(string projection, int partition, JournalPosition at, string replacement, JournalPosition replacementAt, CancellationToken cancellation);

    /// <summary>Removes all that there is of a partition of a projection.</summary>
    Task DropAsync(string projection, int partition, CancellationToken cancellation);

    /// <summary>The events of a projection, or of all, in a partition, or in all, that are parked, oldest first.</summary>
    Task<IReadOnlyList<ParkedEvent>> ReadParkedAsync(string? projection, int? partition, int limit, CancellationToken cancellation);

    /// <summary>Removes a partition's rows from one key up to, not with, another: rows that no event can need any more.</summary>
    Task RemoveRangeAsync(string projection, int partition, string from, string to, CancellationToken cancellation);
}

/// <summary>The store could not be read. That is no fault of the event that needed it.</summary>
public sealed class ProjectionUnavailableException(Exception innerException) : Exception("The projection cannot be read now.", innerException);

/// <summary>Another activation has consumed what this one was about to.</summary>
public sealed class StaleProjectionException(string projection, int partition, Exception? innerException = null)
    : Exception($"Partition {partition} of {projection} has been moved on by somebody else.", innerException);
