namespace Shop.Access;

/// <summary>All keys of the shop, as hashes. Its key is <see cref="Key"/>.</summary>
[Alias("ApiKeys")]
public interface IApiKeysGrain : IGrainWithStringKey
{
    /// <summary>The key of the one list.</summary>
    const string Key = "api-keys";

    /// <summary>Adds a key; false when the id is taken or the list is full.</summary>
    Task<bool> Add(ApiKey key);

    /// <summary>Revokes a key; false when there is none with this id.</summary>
    Task<bool> Revoke(string id);

    /// <summary>All keys that are not revoked.</summary>
    [ReadOnly]
    Task<ImmutableArray<ApiKey>> List();
}

/// <summary>A key: its id, the SHA-256 of the secret in hex, its kind and what it may do.</summary>
[GenerateSerializer, Immutable, Alias("ApiKey")]
public sealed record ApiKey(string Id, string Name, string SecretHash, ApiKeyKind Kind, ImmutableArray<string> Scopes, DateTimeOffset CreatedAt);

/// <summary>What a key is for.</summary>
public enum ApiKeyKind
{
    /// <summary>For servers: acts for anybody, within its scopes.</summary>
    Secret,

    /// <summary>For storefronts: opens sessions and reads the catalogue.</summary>
    Publishable,
}

/// <summary>A session of a storefront; its key is the SHA-256 of its token in hex.</summary>
[Alias("Session")]
public interface ISessionGrain : IGrainWithStringKey
{
    /// <summary>Opens the session.</summary>
    Task<Session> Open(string sessionId, CustomerId? customer, TimeSpan ttl);

    /// <summary>Puts the customer behind the session; false when there is another one, or no session.</summary>
    Task<bool> Bind(CustomerId customer);

    /// <summary>Ends the session.</summary>
    Task Close();

    /// <summary>The session; null when there is none or it has expired.</summary>
    [ReadOnly]
    Task<Session?> Get();
}

/// <summary>A session and when it ends.</summary>
[GenerateSerializer, Immutable, Alias("SessionOf")]
public sealed record Session(string Id, CustomerId? CustomerId, DateTimeOffset ExpiresAt);

/// <summary>The answer that was given under an idempotency key; its key is a hash of the caller and the key.</summary>
[Alias("Idempotency")]
public interface IIdempotencyGrain : IGrainWithStringKey
{
    /// <summary>Asks whether the request may run. One that began long ago and never ended may run again.</summary>
    Task<IdempotencyAnswer> Begin(string fingerprint);

    /// <summary>Keeps the answer.</summary>
    Task Complete(StoredResponse response);

    /// <summary>Forgets that the request began, because it came to nothing that should be kept.</summary>
    Task Abandon();
}

/// <summary>An answer of the gateway as it was sent.</summary>
[GenerateSerializer, Immutable, Alias("StoredResponse")]
public sealed record StoredResponse(int Status, string? ContentType, string? Location, string? ETag, string Body);

/// <summary>What is known of an idempotency key.</summary>
[GenerateSerializer, Immutable, Alias("IdempotencyAnswer")]
public abstract record IdempotencyAnswer
{
    /// <summary>Go ahead.</summary>
    [GenerateSerializer, Immutable, Alias("IdempotencyAnswer.Run")]
    public sealed record Run : IdempotencyAnswer;

    /// <summary>This was the answer.</summary>
    [GenerateSerializer, Immutable, Alias("IdempotencyAnswer.Replay")]
    public sealed record Replay(StoredResponse Response) : IdempotencyAnswer;

    /// <summary>The first request is still running.</summary>
    [GenerateSerializer, Immutable, Alias("IdempotencyAnswer.Running")]
    public sealed record Running : IdempotencyAnswer;

    /// <summary>The key was used for another request.</summary>
    [GenerateSerializer, Immutable, Alias("IdempotencyAnswer.OtherRequest")]
    public sealed record OtherRequest : IdempotencyAnswer;
}
