namespace Shop.Access;

/// <summary>What happened to a session.</summary>
[JsonPolymorphic]
[JsonDerivedType(typeof(Opened), "session.opened.1")]
[JsonDerivedType(typeof(Bound), "session.bound.1")]
[JsonDerivedType(typeof(Closed), "session.closed.1")]
public abstract record SessionEvent(DateTimeOffset At)
{
    /// <summary>The session began.</summary>
    public sealed record Opened(string Id, CustomerId? CustomerId, DateTimeOffset ExpiresAt, DateTimeOffset At) : SessionEvent(At);

    /// <summary>A customer is behind it.</summary>
    public sealed record Bound(CustomerId CustomerId, DateTimeOffset At) : SessionEvent(At);

    /// <summary>The session was ended.</summary>
    public sealed record Closed(DateTimeOffset At) : SessionEvent(At);
}

/// <summary>A session of a storefront.</summary>
public sealed record SessionState : IEventSourced<SessionState, SessionEvent>
{
    /// <inheritdoc/>
    public static SessionState Empty { get; } = new();

    /// <inheritdoc/>
    public static JsonSerializerContext Json => SessionJson.Default;

    /// <inheritdoc/>
    public static object? Tell(SessionEvent @event, object? last) => null;

    /// <summary>The session; null before it began and after it was ended.</summary>
    public Session? Session { get; init; }

    /// <inheritdoc/>
    public SessionState Apply(SessionEvent @event) => @event switch
    {
        SessionEvent.Opened e => this with { Session = new Session(e.Id, e.CustomerId, e.ExpiresAt) },
        SessionEvent.Bound e => this with { Session = Session! with { CustomerId = e.CustomerId } },
        SessionEvent.Closed => this with { Session = null },
        _ => throw new InvalidOperationException($"{@event.GetType()} is not a session event."),
    };

    /// <inheritdoc/>
    public void AssertInvariants()
    {
        if (Session is { Id.Length: 0 }) throw new InvalidOperationException("A session has an id.");
    }
}

/// <summary>JSON of a session's events and state.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SessionEvent[]))]
[JsonSerializable(typeof(SessionState))]
internal sealed partial class SessionJson : JsonSerializerContext;

/// <inheritdoc cref="ISessionGrain"/>
[Reentrant, GrainType("session")]
public sealed class SessionGrain(JournalServices services)
    : EventSourcedGrain<SessionState, SessionEvent>(services), ISessionGrain
{
    /// <inheritdoc/>
    public async Task<Session> Open(string sessionId, CustomerId? customer, TimeSpan ttl)
    {
        if (State.Session is null) await Commit(new SessionEvent.Opened(sessionId, customer, Now + ttl, Now));
        else await Durable();
        return State.Session!;
    }

    /// <inheritdoc/>
    public async Task<bool> Bind(CustomerId customer)
    {
        if (Live() is not { } session || (session.CustomerId is { } other && other != customer)) return false;
        if (session.CustomerId is null) await Commit(new SessionEvent.Bound(customer, Now));
        else await Durable();
        return true;
    }

    /// <inheritdoc/>
    public Task Close() => State.Session is null ? Durable() : Commit(new SessionEvent.Closed(Now));

    /// <inheritdoc/>
    public async Task<Session?> Get()
    {
        Session? session = Live();
        await Durable();
        return session;
    }

    private Session? Live() => State.Session is { } session && Now < session.ExpiresAt ? session : null;
}
