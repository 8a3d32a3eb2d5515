namespace Shop.Journaling;

/// <summary>The limits of the journal writer.</summary>
public sealed class JournalOptions
{
    /// <summary>The most commits in one batch. 2,000 by default.</summary>
    public int BatchCommitsMax { get; set; } = 2_000;

    /// <summary>The most commits that wait for the writer before commands are refused. 100,000 by default.</summary>
    public int QueueCommitsMax { get; set; } = 100_000;

    /// <summary>The most bytes of events that one commit gathers before it refuses more. 8 MiB by default.</summary>
    public int CommitBytesMax { get; set; } = 8 * 1024 * 1024;

    /// <summary>How long a batch is tried before its commands are answered as unknown. 5 seconds by default.</summary>
    public TimeSpan CommitTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often an unreachable store is tried again. Half a second by default.</summary>
    public TimeSpan ProbeInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>A snapshot is written after this many events at the latest. 1,000 by default.</summary>
    public int SnapshotEvents { get; set; } = 1_000;
}
