namespace Shop.Journaling;

/// <summary>Says when this process has written to a partition, so that readers beside the writer need not ask again and again.</summary>
public sealed class JournalNews
{
    private readonly TaskCompletionSource[] _next = [.. Enumerable.Range(0, IJournalStore.PartitionCount).Select(_ => Make())];

    /// <summary>Completes with the next commit of a partition. Taken before a read, it leaves nothing out that the read did not show.</summary>
    public Task Next(int partition) => Volatile.Read(ref _next[partition]).Task;

    /// <summary>There are commits of a partition that are durable.</summary>
    internal void Tell(int partition) => Interlocked.Exchange(ref _next[partition], Make()).TrySetResult();

    private static TaskCompletionSource Make() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
