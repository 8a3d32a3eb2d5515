using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Shop.Access;
using Shop.Gateway.Http;
using Shop.Hosting;

namespace Shop.Gateway.Access;

/// <summary>Finds out who holds a key or token. Keys and sessions are known by their hashes only, and asked for again every second.</summary>
public sealed class KeyRing
{
    /// <summary>What a session's token begins with.</summary>
    public const string SessionPrefix = "sess_";

    private const int SessionsMax = 100_000;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly IGrainFactory _grains;
    private readonly TimeProvider _clock;
    private readonly FrozenDictionary<string, Principal> _bootstrap;

    // The server has one text for what a connection sends again and again; it is not kept for its hash.
    private readonly ConditionalWeakTable<string, string> _hashes = [];
    private readonly ConcurrentDictionary<string, (Principal? Principal, DateTimeOffset ReadAt)> _sessions = new();
    private (FrozenDictionary<string, Principal> Keys, DateTimeOffset ReadAt) _keys = (FrozenDictionary<string, Principal>.Empty, DateTimeOffset.MinValue);

    /// <summary>Creates the ring with the keys of the settings.</summary>
    public KeyRing(IGrainFactory grains, TimeProvider clock, IOptions<ShopOptions> options)
    {
        _grains = grains;
        _clock = clock;
        Dictionary<string, Principal> bootstrap = [];
        if (options.Value.SecretKey is { } secret) bootstrap[Hash(secret)] = new Principal("secret", PrincipalKind.Secret, new HashSet<string> { Scopes.All }, Caller.Admin, null);
        if (options.Value.PublishableKey is { } publishable) bootstrap[Hash(publishable)] = Publishable("publishable");
        _bootstrap = bootstrap.ToFrozenDictionary();
    }

    /// <summary>The hash under which a key or token is known.</summary>
    public static string Hash(ReadOnlySpan<char> secret)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        TextHash.Write(secret, hash);
        return Convert.ToHexStringLower(hash);
    }

    /// <summary>A new secret of 192 bits.</summary>
    public static string NewSecret(string prefix) => prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));

    /// <summary>Who holds the key or token that a header has from some place on; null when nobody does.</summary>
    public ValueTask<Principal?> FindAsync(string header, int start)
    {
        ReadOnlySpan<char> secret = header.AsSpan(start).Trim();
        if (!_hashes.TryGetValue(header, out string? hash))
        {
            hash = Hash(secret);
            _hashes.AddOrUpdate(header, hash);
        }

        if (_bootstrap.TryGetValue(hash, out Principal? known)) return ValueTask.FromResult<Principal?>(known);
        return secret.StartsWith(SessionPrefix, StringComparison.Ordinal) ? FindSessionAsync(hash) : FindKeyAsync(hash);
    }

    /// <summary>Forgets what is known of a session, because it was changed here.</summary>
    public void Forget(string sessionHash) => _sessions.TryRemove(sessionHash, out _);

    /// <summary>Forgets the keys, because they were changed here.</summary>
    public void ForgetKeys() => _keys = (FrozenDictionary<string, Principal>.Empty, DateTimeOffset.MinValue);

    private static Principal Publishable(string id) => new(id, PrincipalKind.Publishable, FrozenSet<string>.Empty, new Caller(null, null, false), null);

    private static Principal Of(ApiKey key) => key.Kind == ApiKeyKind.Publishable
        ? Publishable(key.Id)
        : new Principal(key.Id, PrincipalKind.Secret, key.Scopes.ToFrozenSet(), Caller.Admin, null);

    private async ValueTask<Principal?> FindKeyAsync(string hash)
    {
        DateTimeOffset now = _clock.GetUtcNow();
        if (now - _keys.ReadAt > Fresh)
        {
            ImmutableArray<ApiKey> keys = await _grains.GetGrain<IApiKeysGrain>(IApiKeysGrain.Key).List();
            _keys = (keys.ToFrozenDictionary(k => k.SecretHash, Of), now);
        }

        return _keys.Keys.GetValueOrDefault(hash);
    }

    private async ValueTask<Principal?> FindSessionAsync(string hash)
    {
        DateTimeOffset now = _clock.GetUtcNow();
        if (_sessions.TryGetValue(hash, out (Principal? Principal, DateTimeOffset ReadAt) known) && now - known.ReadAt < Fresh) return known.Principal;
        Session? session = await _grains.GetGrain<ISessionGrain>(hash).Get();
        Principal? principal = session is null
            ? null
            : new Principal(session.Id, PrincipalKind.Session, FrozenSet<string>.Empty, new Caller(session.Id, session.CustomerId, false), hash);
        if (_sessions.Count > SessionsMax) _sessions.Clear();
        _sessions[hash] = (principal, now);
        return principal;
    }
}
