using Shop.Streams;

namespace Shop.Journaling;

/// <summary>
/// Says when this process has written to a partition, so that readers beside the writer need not ask again and again; and what it
/// told, so that they need not make events again of their JSON. What is there to read, and in which order, only the store says.
/// </summary>
public sealed class JournalNews
{
    // Of a partition. More than this wait only when nobody reads it here any more.
    private const int WrittenMax = 2_000;

    private readonly Dictionary<CommitIdentity, JournalItem>?[] _written = new Dictionary<CommitIdentity, JournalItem>?[IJournalStore.PartitionCount];
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource[] _next = [.. Enumerable.Range(0, IJournalStore.PartitionCount).Select(_ => Make())];

    /// <summary>Completes with the next commit of a partition. Taken before a read, it leaves nothing out that the read did not show.</summary>
    public Task Next(int partition) => Volatile.Read(ref _next[partition]).Task;

    /// <summary>What commits tell that this process wrote to a partition and nobody read yet. They are kept from the first time on that somebody asks.</summary>
    public IReadOnlyDictionary<CommitIdentity, JournalItem> Written(int partition)
    {
        lock (_lock) return new Dictionary<CommitIdentity, JournalItem>(_written[partition] ??= []);
    }

    /// <summary>Commits of a partition were read, and are not needed any more.</summary>
    public void Forget(int partition, IEnumerable<CommitIdentity> read)
    {
        lock (_lock)
        {
            if (_written[partition] is not { } written) return;
            foreach (CommitIdentity commit in read) written.Remove(commit);
        }
    }

    /// <summary>
    /// A commit is durable. Events are made at once of what is at hand, and only they are kept for those who read its partition here: what waits for a second survives
    /// a collection, so there should be one set of objects and no other until then.
    /// </summary>
    internal void Wrote(JournalCommit commit)
    {
        if (commit.Told is null) return;
        lock (_lock)
        {
            if (_written[commit.Partition] is not { } written) return;
            if (written.Count == WrittenMax) _written[commit.Partition] = null;
            else if (TryTell(commit) is { } told) written[commit.Identity] = told;
        }
    }

    /// <summary>There are commits of a partition that are durable.</summary>
    internal void Tell(int partition) => Interlocked.Exchange(ref _next[partition], Make()).TrySetResult();

    // Whatever is wrong with an event is not the writer's to fail by: whoever reads the row meets it as well, and says so.
    private static JournalItem? TryTell(JournalCommit commit)
    {
        try
        {
            return JournalItem.Of(commit);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return null;
        }
    }

    private static TaskCompletionSource Make() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
