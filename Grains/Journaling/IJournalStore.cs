namespace Shop.Journaling;

/// <summary>
/// Where commits are kept for ever. Promises of every store: what <see cref="AppendAsync"/> confirmed survives a crash; a grain
/// has at most one commit of each version and no gap; a partition is read in an order in which nothing appears late.
/// </summary>
public interface IJournalStore
{
    /// <summary>The number of partitions; part of the schema, the same for ever.</summary>
    const int PartitionCount = 16;

    /// <summary>Where commits are that no reader of partitions looks for.</summary>
    const int NoPartition = -1;

    /// <summary>The partition of a grain.</summary>
    static int PartitionOf(string grainId)
    {
        uint hash = 2166136261;
        foreach (char c in grainId) hash = (hash ^ c) * 16777619;
        return (int)((hash ^ (hash >> 16)) % PartitionCount);
    }

    /// <summary>Creates or upgrades the schema. Any number of processes may do so at once.</summary>
    Task EnsureSchemaAsync(CancellationToken cancellation);

    /// <summary>
    /// Adds commits in one transaction; at most one a grain. Answers for each whether it is in the journal now: false means that
    /// the grain already has another commit of this version, or not yet the one before it. A commit that was added before under
    /// the same commit id counts as added, so a call whose outcome is unknown is simply repeated.
    /// </summary>
    Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<JournalCommit> commits, CancellationToken cancellation);

    /// <summary>The newest commits of a grain, oldest first.</summary>
    Task<IReadOnlyList<JournalCommit>> ReadTailAsync(string grainId, int limit, CancellationToken cancellation);

    /// <summary>The commits of a grain after a version, oldest first.</summary>
    Task<IReadOnlyList<JournalCommit>> ReadGrainAsync(string grainId, long afterVersion, int limit, CancellationToken cancellation);

    /// <summary>
    /// The settled commits for readers of a partition after a position, in the order of their positions. A commit whose transaction may still
    /// end later than another's of the same partition is not shown before all earlier ones are settled.
    /// </summary>
    /// <param name="partition">The partition.</param>
    /// <param name="after">The place after which to begin.</param>
    /// <param name="limit">The most commits.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="known">Commits of which the reader knows what they tell; they come without their events.</param>
    Task<IReadOnlyList<PositionedCommit>> ReadPartitionAsync(
        int partition, JournalPosition after, int limit, CancellationToken cancellation, IReadOnlySet<CommitIdentity>? known = null);

    /// <summary>The place of the last settled commit of a partition.</summary>
    Task<JournalPosition> ReadEndAsync(int partition, CancellationToken cancellation);

    /// <summary>The commits of all grains of a type, by grain and version, after a grain and version.</summary>
    Task<IReadOnlyList<JournalCommit>> ReadTypeAsync(string grainType, string? afterGrainId, long afterVersion, int limit, CancellationToken cancellation);

    /// <summary>The ids of the grains of a type that have a commit, in their order, after one of them.</summary>
    Task<IReadOnlyList<string>> ReadIdsAsync(string grainType, string? afterGrainId, int limit, CancellationToken cancellation);

    /// <summary>The ids of the grains of a type whose first commit is the newest, newest first, as far as they are among the latest tens of thousands of commits.</summary>
    Task<IReadOnlyList<string>> ReadNewestIdsAsync(string grainType, int limit, CancellationToken cancellation);

    /// <summary>Fails when the store cannot be reached.</summary>
    Task PingAsync(CancellationToken cancellation);
}

/// <summary>
/// The events of one grain that became durable together. The version counts a grain's commits, never events inside them, so
/// that two writers cannot interleave. The events are a JSON array in UTF-8. Half of all commits are steps that nobody is told of and
/// that neither begin nor end a grain's work: those are for their grain alone, and readers of partitions do not meet them.
/// </summary>
public sealed record JournalCommit(
    string GrainId, long Version, Guid CommitId, int EventCount, bool HasWork, bool IsForReaders, DateTimeOffset RecordedAt, ReadOnlyMemory<byte> Events)
{
    /// <summary>The partition that it is in.</summary>
    public int Partition => IsForReaders ? IJournalStore.PartitionOf(GrainId) : IJournalStore.NoPartition;

    /// <summary>What tells it from every other commit.</summary>
    public CommitIdentity Identity => new(GrainId, Version, CommitId);

    /// <summary>The grain's own key: what its id says after its type.</summary>
    public string Key
    {
        get => field ??= GrainId[(GrainId.IndexOf('/', StringComparison.Ordinal) + 1)..];
        init;
    }

    /// <summary>What <see cref="Shop.Events.JournalEvents"/> makes public events of, as the process that wrote the commit has it; null when only the JSON is at hand.</summary>
    public IReadOnlyList<object>? Told { get; init; }
}

/// <summary>Which commit of which grain; commits of one batch have the same commit id.</summary>
public readonly record struct CommitIdentity(string GrainId, long Version, Guid CommitId);

/// <summary>A commit and where it stands in its partition.</summary>
public sealed record PositionedCommit(JournalCommit Commit, JournalPosition Position);

/// <summary>A place in a partition: an epoch that only grows as transactions settle, and a number within it.</summary>
public readonly record struct JournalPosition(long Epoch, long Number) : IComparable<JournalPosition>
{
    /// <summary>Before everything.</summary>
    public static readonly JournalPosition Start;

    /// <inheritdoc/>
    public int CompareTo(JournalPosition other) => (Epoch, Number).CompareTo((other.Epoch, other.Number));

    /// <summary>Whether one place is before another.</summary>
    public static bool operator <(JournalPosition left, JournalPosition right) => left.CompareTo(right) < 0;

    /// <summary>Whether one place is after another.</summary>
    public static bool operator >(JournalPosition left, JournalPosition right) => left.CompareTo(right) > 0;

    /// <summary>Whether one place is not after another.</summary>
    public static bool operator <=(JournalPosition left, JournalPosition right) => left.CompareTo(right) <= 0;

    /// <summary>Whether one place is not before another.</summary>
    public static bool operator >=(JournalPosition left, JournalPosition right) => left.CompareTo(right) >= 0;
}
