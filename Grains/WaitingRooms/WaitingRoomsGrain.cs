namespace Shop.WaitingRooms;

/// <summary>What happened to the list of rooms.</summary>
[JsonPolymorphic]
[JsonDerivedType(typeof(Listed), "waiting-rooms.listed.1")]
[JsonDerivedType(typeof(Unlisted), "waiting-rooms.unlisted.1")]
public abstract record WaitingRoomsEvent(DateTimeOffset At)
{
    /// <summary>A room guards these SKUs.</summary>
    public sealed record Listed(GuardedSkus Room, DateTimeOffset At) : WaitingRoomsEvent(At);

    /// <summary>A room guards nothing any more.</summary>
    public sealed record Unlisted(string Room, DateTimeOffset At) : WaitingRoomsEvent(At);
}

/// <summary>The rooms that guard SKUs. A SKU has one room at the most.</summary>
public sealed record WaitingRoomsState : IEventSourced<WaitingRoomsState, WaitingRoomsEvent>
{
    /// <inheritdoc/>
    public static WaitingRoomsState Empty { get; } = new();

    /// <inheritdoc/>
    public static JsonSerializerContext Json => WaitingRoomsJson.Default;

    /// <inheritdoc/>
    public static object? Tell(WaitingRoomsEvent @event, object? last) => null;

    /// <summary>Rooms by id.</summary>
    public ImmutableSortedDictionary<string, GuardedSkus> Rooms { get; init; } = ImmutableSortedDictionary<string, GuardedSkus>.Empty;

    /// <inheritdoc/>
    public WaitingRoomsState Apply(WaitingRoomsEvent @event) => @event switch
    {
        WaitingRoomsEvent.Listed e => this with { Rooms = Rooms.SetItem(e.Room.Room, e.Room) },
        WaitingRoomsEvent.Unlisted e => this with { Rooms = Rooms.Remove(e.Room) },
        _ => throw new InvalidOperationException($"{@event.GetType()} is not an event of the list of waiting rooms."),
    };

    /// <inheritdoc/>
    public void AssertInvariants()
    {
        if (Rooms.Count > IWaitingRoomsGrain.RoomsMax) throw new InvalidOperationException("There are more waiting rooms than there may be.");
    }
}

/// <summary>JSON of the list of waiting rooms.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(WaitingRoomsEvent[]))]
[JsonSerializable(typeof(WaitingRoomsState))]
internal sealed partial class WaitingRoomsJson : JsonSerializerContext;

/// <inheritdoc cref="IWaitingRoomsGrain"/>
[Reentrant, GrainType("waiting-rooms")]
public sealed class WaitingRoomsGrain(JournalServices services)
    : EventSourcedGrain<WaitingRoomsState, WaitingRoomsEvent>(services), IWaitingRoomsGrain
{
    /// <inheritdoc/>
    public async Task<RoomRefusal?> List(GuardedSkus room)
    {
        if (!State.Rooms.ContainsKey(room.Room) && State.Rooms.Count >= IWaitingRoomsGrain.RoomsMax) return new RoomRefusal(null, null);
        foreach (GuardedSkus other in State.Rooms.Values.Where(r => r.Room != room.Room))
        {
            ImmutableArray<Sku> both = [.. other.Skus.Intersect(room.Skus)];
            if (both.Length > 0) return new RoomRefusal(both[0], other.Room);
        }

        if (State.Rooms.TryGetValue(room.Room, out GuardedSkus? known) && known.Skus.SequenceEqual(room.Skus)) await Durable();
        else await Commit(new WaitingRoomsEvent.Listed(room, Now));
        return null;
    }

    /// <inheritdoc/>
    public async Task<bool> Unlist(string room)
    {
        if (!State.Rooms.ContainsKey(room)) return false;
        await Commit(new WaitingRoomsEvent.Unlisted(room, Now));
        return true;
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<GuardedSkus>> All()
    {
        ImmutableArray<GuardedSkus> rooms = [.. State.Rooms.Values];
        await Durable();
        return rooms;
    }
}
