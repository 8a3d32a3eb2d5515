namespace Shop.Views;

/// <summary>
/// Writes down who looked at what. Its key is a shard; all views of one session go to one shard, so that they stay in order.
/// </summary>
[Alias("ViewLog")]
public interface IViewLogGrain : IGrainWithStringKey
{
    /// <summary>The number of shards.</summary>
    const int ShardCount = 16;

    /// <summary>The shard of a visitor.</summary>
    static string ShardOf(string visitor)
    {
        uint hash = 2166136261;
        foreach (char c in visitor) hash = (hash ^ c) * 16777619;
        return ((hash ^ (hash >> 16)) % ShardCount).ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Writes views down; they are durable when the call ends.</summary>
    Task Record(ImmutableArray<RecordedView> views);
}

/// <summary>A visitor, a customer or at least a session, looked at a product.</summary>
[GenerateSerializer, Immutable, Alias("RecordedView")]
public sealed record RecordedView(ProductId ProductId, CustomerId? CustomerId, string? SessionId, DateTimeOffset At);
