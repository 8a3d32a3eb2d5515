namespace Shop.WaitingRooms;

/// <summary>
/// The queue before a sale; its key is the room's id. Visitors get numbers in the order in which they come, and numbers are
/// admitted in that order at the rate of the settings. What a visitor was told is durable.
/// </summary>
[Alias("WaitingRoom")]
public interface IWaitingRoomGrain : IGrainWithStringKey
{
    /// <summary>Opens the room or changes its settings; who waits keeps the number.</summary>
    Task<RoomProgress> Set(RoomSettings settings);

    /// <summary>A number for the visitor: the one it has, or the next. Null when the room is not open or is full.</summary>
    Task<long?> Join(string visitor);

    /// <summary>How far the queue is; null when the room was never opened.</summary>
    Task<RoomProgress?> Progress();

    /// <summary>Sends everybody home: numbers are void, and the room is not open.</summary>
    Task Close();
}

/// <summary>The rooms that guard SKUs now. Its key is <see cref="Key"/>.</summary>
[Alias("WaitingRooms")]
public interface IWaitingRoomsGrain : IGrainWithStringKey
{
    /// <summary>The key of the one list.</summary>
    const string Key = "waiting-rooms";

    /// <summary>The most rooms of a shop.</summary>
    const int RoomsMax = 20;

    /// <summary>Lists a room with its SKUs; the SKU that another room guards already, or the limit, is why not.</summary>
    Task<RoomRefusal?> List(GuardedSkus room);

    /// <summary>Takes a room off the list; false when it is not there.</summary>
    Task<bool> Unlist(string room);

    /// <summary>All rooms of the list.</summary>
    [ReadOnly]
    Task<ImmutableArray<GuardedSkus>> All();
}

/// <summary>How a room lets visitors in.</summary>
/// <param name="AdmittedPerSecond">Visitors a second; 0 holds the queue.</param>
/// <param name="OpensAt">Nobody is admitted before; null for at once. Visitors queue up earlier.</param>
/// <param name="Admission">How long an admitted visitor may buy.</param>
/// <param name="CustomersOnly">Whether only sessions of customers may join, so that nobody waits with many sessions.</param>
[GenerateSerializer, Immutable, Alias("RoomSettings")]
public sealed record RoomSettings(double AdmittedPerSecond, DateTimeOffset? OpensAt, TimeSpan Admission, bool CustomersOnly)
{
    /// <summary>The fastest that a room admits, visitors a second.</summary>
    public const double PerSecondMax = 100_000;

    /// <summary>The longest time for buying.</summary>
    public static readonly TimeSpan AdmissionMax = TimeSpan.FromHours(1);
}

/// <summary>How far the queue is: numbers up to <paramref name="Issued"/> are given out, those above <paramref name="Expired"/> up to <paramref name="Admitted"/> may buy.</summary>
[GenerateSerializer, Immutable, Alias("RoomProgress")]
public sealed record RoomProgress(RoomSettings Settings, long Issued, long Admitted, long Expired, long Version);

/// <summary>A room and the SKUs that are bought through it.</summary>
[GenerateSerializer, Immutable, Alias("GuardedSkus")]
public sealed record GuardedSkus(string Room, ImmutableArray<Sku> Skus);

/// <summary>Why a room cannot be listed: a SKU of it is another room's, or there are too many rooms.</summary>
[GenerateSerializer, Immutable, Alias("RoomRefusal")]
public sealed record RoomRefusal(Sku? Sku, string? OtherRoom);
