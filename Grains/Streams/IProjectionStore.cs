namespace Shop.Streams;

/// <summary>A row of a projection. Each partition of the journal has a row of its own for a key; readers add them up.</summary>
public sealed record ProjectionRow(string Key, int Partition, string Payload);

/// <summary>An event that a consumer could not take and which waits for somebody to look at it.</summary>
public sealed record ParkedEvent(string Projection, int Partition, string EventId, string Subject, string Event, string Error, DateTimeOffset ParkedAt);

/// <summary>
/// Where projections are kept: what consumers of the journal's stream made of it. Position and rows of a partition change in
/// one transaction, so an event counts exactly once; what is lost in a crash is lost together and made again from the journal.
/// </summary>
public interface IProjectionStore
{
    /// <summary>How far a projection has come in a partition.</summary>
    Task<JournalPosition> ReadPositionAsync(string projection, int partition, CancellationToken cancellation);

    /// <summary>How far all projections have come, by name and partition.</summary>
    Task<IReadOnlyList<(string Projection, int Partition, JournalPosition Position)>> ReadPositionsAsync(CancellationToken cancellation);

    /// <summary>The payload that a partition has under a key; null when there is none.</summary>
    Task<string?> ReadRowAsync(string projection, int partition, string key, CancellationToken cancellation);

    /// <summary>A partition's rows of some keys.</summary>
    Task<IReadOnlyList<ProjectionRow>> ReadKeysAsync(string projection, int partition, IReadOnlyCollection<string> keys, CancellationToken cancellation);

    /// <summary>All partitions' rows of some keys.</summary>
    Task<IReadOnlyList<ProjectionRow>> ReadKeysAsync(string projection, IReadOnlyCollection<string> keys, CancellationToken cancellation);

    /// <summary>All partitions' rows from one key up to, not with, another, in the order of keys.</summary>
    Task<IReadOnlyList<ProjectionRow>> ReadRangeAsync(string projection, string from, string to, int limit, CancellationToken cancellation);

    /// <summary>Moves a partition from one position to another and changes its rows; a row without payload goes.</summary>
    /// <exception cref="StaleProjectionException">The partition is at another position: somebody else consumes it too. Nothing has changed.</exception>
    Task CommitAsync(
        string projection, int partition, JournalPosition from, JournalPosition to, IReadOnlyCollection<KeyValuePair<string, string?>> rows, IReadOnlyCollection<ParkedEvent> parked,
        IReadOnlyCollection<string> unparked, CancellationToken cancellation);

    /// <summary>The events of a projection, or of all, that are parked, oldest first.</summary>
    Task<IReadOnlyList<ParkedEvent>> ReadParkedAsync(string? projection, int limit, CancellationToken cancellation);

    /// <summary>Forgets a projection: it starts from the beginning of the journal.</summary>
    Task DropAsync(string projection, CancellationToken cancellation);
}

/// <summary>The store could not be read. That is no fault of the event that needed it.</summary>
public sealed class ProjectionUnavailableException(Exception innerException) : Exception("The projection cannot be read now.", innerException);

/// <summary>Another activation has consumed what this one was about to.</summary>
public sealed class StaleProjectionException(string projection, int partition) : Exception($"Partition {partition} of {projection} has been moved on by somebody else.");
