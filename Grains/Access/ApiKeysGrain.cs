namespace Shop.Access;

/// <summary>What happened to the keys.</summary>
[JsonPolymorphic]
[JsonDerivedType(typeof(Added), "api-key.added.1")]
[JsonDerivedType(typeof(Revoked), "api-key.revoked.1")]
public abstract record ApiKeyEvent(DateTimeOffset At)
{
    /// <summary>A key was added.</summary>
    public sealed record Added(ApiKey Key, DateTimeOffset At) : ApiKeyEvent(At);

    /// <summary>A key was revoked.</summary>
    public sealed record Revoked(string Id, DateTimeOffset At) : ApiKeyEvent(At);
}

/// <summary>All keys that are not revoked.</summary>
public sealed record ApiKeysState : IEventSourced<ApiKeysState, ApiKeyEvent>
{
    /// <summary>The most keys of a shop.</summary>
    public const int KeysMax = 1_000;

    /// <inheritdoc/>
    public static ApiKeysState Empty { get; } = new();

    /// <inheritdoc/>
    public static JsonSerializerContext Json => ApiKeysJson.Default;

    /// <inheritdoc/>
    public static object? Tell(ApiKeyEvent @event, object? last) => null;

    /// <summary>Keys by id.</summary>
    public ImmutableDictionary<string, ApiKey> Keys { get; init; } = ImmutableDictionary<string, ApiKey>.Empty;

    /// <inheritdoc/>
    public ApiKeysState Apply(ApiKeyEvent @event) => @event switch
    {
        ApiKeyEvent.Added e => this with { Keys = Keys.Add(e.Key.Id, e.Key) },
        ApiKeyEvent.Revoked e => this with { Keys = Keys.Remove(e.Id) },
        _ => throw new InvalidOperationException($"{@event.GetType()} is not a key event."),
    };

    /// <inheritdoc/>
    public void AssertInvariants()
    {
        if (Keys.Count > KeysMax) throw new InvalidOperationException("There are more keys than there may be.");
    }
}

/// <summary>JSON of the keys' events and state.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ApiKeyEvent[]))]
[JsonSerializable(typeof(ApiKeysState))]
internal sealed partial class ApiKeysJson : JsonSerializerContext;

/// <inheritdoc cref="IApiKeysGrain"/>
[Reentrant, GrainType("api-keys")]
public sealed class ApiKeysGrain(JournalServices services)
    : EventSourcedGrain<ApiKeysState, ApiKeyEvent>(services), IApiKeysGrain
{
    /// <inheritdoc/>
    public async Task<bool> Add(ApiKey key)
    {
        if (State.Keys.ContainsKey(key.Id) || State.Keys.Count >= ApiKeysState.KeysMax) return false;
        await Commit(new ApiKeyEvent.Added(key, Now));
        return true;
    }

    /// <inheritdoc/>
    public async Task<bool> Revoke(string id)
    {
        if (!State.Keys.ContainsKey(id)) return false;
        await Commit(new ApiKeyEvent.Revoked(id, Now));
        return true;
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<ApiKey>> List()
    {
        ImmutableArray<ApiKey> keys = [.. State.Keys.Values.OrderBy(k => k.CreatedAt)];
        await Durable();
        return keys;
    }
}
