namespace Shop.Feed;

/// <summary>Reads the events of the shop from any place on. Any activation answers; its key is <see cref="Key"/>.</summary>
[Alias("EventFeed")]
public interface IEventFeedGrain : IGrainWithStringKey
{
    /// <summary>The key.</summary>
    const string Key = "feed";

    /// <summary>The place after everything that is there now.</summary>
    [ReadOnly]
    Task<string> End();

    /// <summary>
    /// The place to go on from for somebody who has a cursor: null when it is none. Where it is beyond the end, as after a journal
    /// was restored from an older copy, that is the end.
    /// </summary>
    [ReadOnly]
    Task<string?> Resume(string cursor);

    /// <summary>
    /// Events after a place, in order within each subject; an empty page when there is none for a while. Filtered by types and
    /// subject when these are given.
    /// </summary>
    /// <exception cref="ArgumentException">The cursor is none that was given out.</exception>
    [ReadOnly]
    Task<FeedPage> Read(string cursor, ImmutableArray<string> types, string? subject, int limit);
}

/// <summary>Events, and the place after them and after what was filtered out.</summary>
[GenerateSerializer, Immutable, Alias("FeedPage")]
public sealed record FeedPage(ImmutableArray<FeedEvent> Events, string Cursor);

/// <summary>An event as JSON of its schema. Whoever goes on from its cursor misses nothing, and may get events of the same commit again.</summary>
[GenerateSerializer, Immutable, Alias("FeedEvent")]
public sealed record FeedEvent(string Id, string Type, string Subject, DateTimeOffset Timestamp, string Json, string Cursor);
