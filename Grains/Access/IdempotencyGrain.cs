namespace Shop.Access;

/// <summary>What happened under an idempotency key.</summary>
[JsonPolymorphic]
[JsonDerivedType(typeof(Began), "idempotency.began.1")]
[JsonDerivedType(typeof(Completed), "idempotency.completed.1")]
[JsonDerivedType(typeof(Abandoned), "idempotency.abandoned.1")]
public abstract record IdempotencyEvent(DateTimeOffset At)
{
    /// <summary>A request began.</summary>
    public sealed record Began(string Fingerprint, DateTimeOffset At) : IdempotencyEvent(At);

    /// <summary>It was answered.</summary>
    public sealed record Completed(StoredResponse Response, DateTimeOffset At) : IdempotencyEvent(At);

    /// <summary>It came to nothing that is kept.</summary>
    public sealed record Abandoned(DateTimeOffset At) : IdempotencyEvent(At);
}

/// <summary>The request under an idempotency key, and its answer.</summary>
public sealed record IdempotencyState : IEventSourced<IdempotencyState, IdempotencyEvent>
{
    /// <inheritdoc/>
    public static IdempotencyState Empty { get; } = new();

    /// <inheritdoc/>
    public static JsonSerializerContext Json => IdempotencyJson.Default;

    /// <inheritdoc/>
    public static object? Tell(IdempotencyEvent @event, object? last) => null;

    /// <summary>Tells the request from others; null when there is none.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>The answer; null while it runs.</summary>
    public StoredResponse? Response { get; init; }

    /// <inheritdoc/>
    public IdempotencyState Apply(IdempotencyEvent @event) => @event switch
    {
        IdempotencyEvent.Began e => this with { Fingerprint = e.Fingerprint },
        IdempotencyEvent.Completed e => this with { Response = e.Response },
        IdempotencyEvent.Abandoned => Empty,
        _ => throw new InvalidOperationException($"{@event.GetType()} is not an idempotency event."),
    };

    /// <inheritdoc/>
    public void AssertInvariants()
    {
        if (Response is not null && Fingerprint is null) throw new InvalidOperationException("An answer without a request.");
    }
}

/// <summary>JSON of an idempotency key's events and state.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IdempotencyEvent[]))]
[JsonSerializable(typeof(IdempotencyState))]
internal sealed partial class IdempotencyJson : JsonSerializerContext;

/// <inheritdoc cref="IIdempotencyGrain"/>
[Reentrant, GrainType("idempotency"), CollectionAgeLimit(Minutes = 2)]
public sealed class IdempotencyGrain(JournalServices services)
    : EventSourcedGrain<IdempotencyState, IdempotencyEvent>(services), IIdempotencyGrain
{
    private static readonly TimeSpan RunningMax = TimeSpan.FromMinutes(1);
    private DateTimeOffset? _runningSince;

    /// <inheritdoc/>
    public async Task<IdempotencyAnswer> Begin(string fingerprint)
    {
        if (State.Fingerprint is { } known && known != fingerprint) return new IdempotencyAnswer.OtherRequest();
        if (State.Response is { } response)
        {
            await Durable();
            return new IdempotencyAnswer.Replay(response);
        }

        // Whether it runs is known to this activation only: one that was interrupted by a crash may run again, because the
        // commands behind it carry ids that follow from the key.
        if (_runningSince is { } since && Now - since < RunningMax) return new IdempotencyAnswer.Running();
        _runningSince = Now;
        if (State.Fingerprint is null) await Commit(new IdempotencyEvent.Began(fingerprint, Now));
        return new IdempotencyAnswer.Run();
    }

    /// <inheritdoc/>
    public Task Complete(StoredResponse response)
    {
        _runningSince = null;
        return State.Response is null && State.Fingerprint is not null ? Commit(new IdempotencyEvent.Completed(response, Now)) : Durable();
    }

    /// <inheritdoc/>
    public Task Abandon()
    {
        _runningSince = null;
        return State.Response is null && State.Fingerprint is not null ? Commit(new IdempotencyEvent.Abandoned(Now)) : Durable();
    }
}
