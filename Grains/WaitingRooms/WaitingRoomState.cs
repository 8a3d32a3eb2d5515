namespace Shop.WaitingRooms;

/// <summary>What happened in a waiting room.</summary>
[JsonPolymorphic]
[JsonDerivedType(typeof(SettingsChanged), "waiting-room.settings-changed.1")]
[JsonDerivedType(typeof(Joined), "waiting-room.joined.1")]
[JsonDerivedType(typeof(Admitted), "waiting-room.admitted.1")]
[JsonDerivedType(typeof(Closed), "waiting-room.closed.1")]
public abstract record WaitingRoomEvent(DateTimeOffset At)
{
    /// <summary>The room was opened or its settings were changed.</summary>
    public sealed record SettingsChanged(RoomSettings Settings, DateTimeOffset At) : WaitingRoomEvent(At);

    /// <summary>The visitor got the next number.</summary>
    public sealed record Joined(string Visitor, DateTimeOffset At) : WaitingRoomEvent(At);

    /// <summary>Numbers up to this one were admitted.</summary>
    public sealed record Admitted(long Through, DateTimeOffset At) : WaitingRoomEvent(At);

    /// <summary>Everybody was sent home.</summary>
    public sealed record Closed(DateTimeOffset At) : WaitingRoomEvent(At);
}

/// <summary>Numbers up to <paramref name="Through"/> were in at this time.</summary>
public sealed record Wave(long Through, DateTimeOffset At);

/// <summary>The queue. Expired ≤ admitted ≤ issued, and none of them ever falls.</summary>
public sealed record WaitingRoomState : IEventSourced<WaitingRoomState, WaitingRoomEvent>
{
    // Below this it is not worth the work to forget visitors whose time is over.
    private const int VisitorsMin = 1_000;

    /// <inheritdoc/>
    public static WaitingRoomState Empty { get; } = new();

    /// <inheritdoc/>
    public static JsonSerializerContext Json => WaitingRoomJson.Default;

    /// <inheritdoc/>
    public static object? Tell(WaitingRoomEvent @event, object? last) => null;

    /// <summary>The settings; null when the room is not open.</summary>
    public RoomSettings? Settings { get; init; }

    /// <summary>The last number that was given out.</summary>
    public long Issued { get; init; }

    /// <summary>The last number that was admitted.</summary>
    public long Admitted { get; init; }

    /// <summary>The last number whose time for buying is known to be over.</summary>
    public long Expired { get; init; }

    /// <summary>Up to when admissions are accounted for.</summary>
    public DateTimeOffset AdmittedAt { get; init; }

    /// <summary>The admissions whose time may not be over, oldest first.</summary>
    public ImmutableList<Wave> Waves { get; init; } = [];

    /// <summary>The numbers of visitors; some of those that have expired are forgotten.</summary>
    public ImmutableDictionary<string, long> Numbers { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>The last number whose time for buying is over.</summary>
    public long ExpiredAt(DateTimeOffset now)
    {
        long expired = Expired;
        if (Settings is not { } settings) return expired;
        foreach (Wave wave in Waves)
        {
            if (wave.At + settings.Admission > now) break;
            expired = wave.Through;
        }

        return expired;
    }

    /// <inheritdoc/>
    public WaitingRoomState Apply(WaitingRoomEvent @event) => @event switch
    {
        WaitingRoomEvent.SettingsChanged e => Expire(e.At) with { Settings = e.Settings, AdmittedAt = e.At },
        WaitingRoomEvent.Joined e => this with { Issued = Issued + 1, Numbers = Numbers.SetItem(e.Visitor, Issued + 1) },
        WaitingRoomEvent.Admitted e => Admit(e),
        WaitingRoomEvent.Closed => this with
        {
            Settings = null,
            Admitted = Issued,
            Expired = Issued,
            Waves = [],
            Numbers = ImmutableDictionary<string, long>.Empty,
        },
        _ => throw new InvalidOperationException($"{@event.GetType()} is not a waiting room's event."),
    };

    /// <inheritdoc/>
    public void AssertInvariants()
    {
        if (Expired > Admitted || Admitted > Issued) throw new InvalidOperationException($"{Expired} expired of {Admitted} admitted of {Issued} issued.");
    }

    private WaitingRoomState Admit(WaitingRoomEvent.Admitted e)
    {
        WaitingRoomState now = Expire(e.At);
        return now with { Admitted = e.Through, AdmittedAt = e.At, Waves = now.Waves.Add(new Wave(e.Through, e.At)) };
    }

    // What is over by the settings of now stays over, whatever they become.
    private WaitingRoomState Expire(DateTimeOffset at)
    {
        long expired = ExpiredAt(at);
        ImmutableDictionary<string, long> numbers = Numbers;
        if (numbers.Count > Math.Max(VisitorsMin, 2 * (Issued - expired))) numbers = numbers.RemoveRange(numbers.Where(n => n.Value <= expired).Select(n => n.Key));
        return this with { Expired = expired, Waves = Waves.RemoveRange(0, Waves.TakeWhile(w => w.Through <= expired).Count()), Numbers = numbers };
    }
}

/// <summary>JSON of a waiting room's events and state.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WaitingRoomEvent[]))]
[JsonSerializable(typeof(WaitingRoomState))]
internal sealed partial class WaitingRoomJson : JsonSerializerContext;
