namespace Shop.Streams;

/// <summary>How the consumers of the journal's stream are doing. Any activation answers; its key is <see cref="Key"/>.</summary>
[Alias("Streams")]
public interface IStreamsGrain : IGrainWithStringKey
{
    /// <summary>The key.</summary>
    const string Key = "streams";

    /// <summary>The most commits that are counted as being ahead of a consumer in a partition.</summary>
    const int BehindMax = 1_000;

    /// <summary>All consumers and what is parked of them.</summary>
    [ReadOnly]
    Task<StreamsStatus> Status();

    /// <summary>Tries a consumer's parked events again, in their order; how many are left, or null when there is no such consumer.</summary>
    Task<int?> Replay(string consumer);

    /// <summary>
    /// Makes a consumer's rows again from the start of the journal, while those that it has go on being served and kept up; false
    /// when there is no such consumer. One that is being rebuilt goes on with that.
    /// </summary>
    Task<bool> Rebuild(string consumer);
}

/// <summary>All consumers, by name.</summary>
[GenerateSerializer, Immutable, Alias("StreamsStatus")]
public sealed record StreamsStatus(ImmutableArray<ConsumerStatus> Consumers, ImmutableArray<ParkedEventView> Parked);

/// <summary>
/// A consumer and how many commits it still has before it, and its rebuild if there is one; counted up to
/// <see cref="IStreamsGrain.BehindMax"/> a partition.
/// </summary>
[GenerateSerializer, Immutable, Alias("ConsumerStatus")]
public sealed record ConsumerStatus(string Name, long CommitsBehind, long? RebuildCommitsBehind);

/// <summary>An event that a consumer could not take.</summary>
[GenerateSerializer, Immutable, Alias("ParkedEventView")]
public sealed record ParkedEventView(string Consumer, string EventId, string Subject, string Error, DateTimeOffset ParkedAt);
