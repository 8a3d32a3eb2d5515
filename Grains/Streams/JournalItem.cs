using Shop.Events;

namespace Shop.Streams;

/// <summary>What one commit of the journal tells the world: an item of the stream of its partition. It may tell nothing but whether its grain has work left.</summary>
public sealed record JournalItem(string GrainId, ImmutableArray<ShopEvent> Events, bool HasWork, DateTimeOffset RecordedAt)
{
    /// <summary>What a commit tells.</summary>
    public static JournalItem Of(JournalCommit commit) => new(commit.GrainId, JournalEvents.Of(commit), commit.HasWork, commit.RecordedAt);
}

/// <summary>What a commit tells, and the place of the commit in its partition.</summary>
public readonly record struct JournalEntry(JournalItem Item, JournalPosition Position);

/// <summary>The streams that are made of the journal.</summary>
public static class JournalStreams
{
    /// <summary>The name of their provider.</summary>
    public const string Provider = "journal";

    /// <summary>Their namespace; the key is the number of the partition.</summary>
    public const string Namespace = "journal";
}
