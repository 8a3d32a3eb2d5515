using System.Collections.Concurrent;
using System.Globalization;
using Shop.Gateway.Access;
using Shop.Gateway.Http;
using Shop.WaitingRooms;

namespace Shop.Gateway.Admission;

/// <summary>
/// Lets visitors through waiting rooms. A ticket is a number in a room, signed for its visitor, so that nobody can make one up or hand
/// it on; whether its turn has come follows from how far the room is, which the gateway asks for ten times a second at the
/// most, however many visitors wait.
/// </summary>
public sealed class WaitingRoomDoor(IGrainFactory grains, TimeProvider clock, SignedToken tokens)
{
    /// <summary>The header in which checkouts show their tickets; several are separated by commas.</summary>
    public const string TicketHeader = "Waiting-Room-Ticket";

    private const int TicketsMax = 20;
    private static readonly TimeSpan FreshRooms = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FreshProgress = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<string, Known<RoomProgress?>> _progress = new();
    private volatile Known<ImmutableArray<GuardedSkus>>? _rooms;

    /// <summary>The SKUs that the caller may not buy now. Secret keys stand for the shop itself and wait nowhere.</summary>
    public async ValueTask<ImmutableArray<Sku>> BarredAsync(HttpContext context)
    {
        if (context.Principal().Kind == PrincipalKind.Secret) return [];
        List<Sku> barred = [];
        foreach (GuardedSkus room in await RoomsAsync())
            if (await NumberAsync(context, room.Room) is not { State: TicketState.Admitted }) barred.AddRange(room.Skus);
        return [.. barred];
    }

    /// <summary>Why the caller may not buy a SKU, and how it can.</summary>
    public async Task<Reply> RefusalAsync(HttpContext context, Sku sku)
    {
        string room = (await RoomsAsync()).FirstOrDefault(r => r.Skus.Contains(sku))?.Room ?? "";
        System.Text.Json.Nodes.JsonObject facts = new() { ["sku"] = sku.Value, ["room"] = room };
        return await NumberAsync(context, room) switch
        {
            { State: TicketState.Waiting } place => Reply.Problem(
                Problems.Of(429, "waiting", "It is not this visitor's turn yet.", $"It is number {place.Position} of those who wait.", facts), place.RetryAfterSeconds),
            { State: TicketState.Expired } => Reply.Problem(Problems.Of(410, "ticket-expired", "The time for buying is over.", "Join the waiting room again.", facts)),
            _ => Reply.Problem(Problems.Of(403, "waiting-room", "This is bought through a waiting room.",
                $"Join with POST /v1/waiting-rooms/{room}/tickets and send the ticket as {TicketHeader}.", facts)),
        };
    }

    /// <summary>A ticket of the caller with a number.</summary>
    public string Ticket(HttpContext context, string room, long number) =>
        tokens.Make(Purpose(room, Visitor(context.Principal())), number.ToString(CultureInfo.InvariantCulture));

    /// <summary>Who waits: the customer if it is known who that is, otherwise the session.</summary>
    public static string Visitor(Principal principal) => principal.Caller.CustomerId is { } customer ? "customer/" + customer.Value : Session(principal);

    /// <summary>Where a number stands; null when the room is not open.</summary>
    public async Task<Place?> PlaceAsync(string room, long number)
    {
        if (await ProgressAsync(room) is not { } progress) return null;
        long before = Math.Max(0, number - progress.Admitted);
        TicketState state = number <= progress.Expired ? TicketState.Expired : before == 0 ? TicketState.Admitted : TicketState.Waiting;
        if (state != TicketState.Waiting) return new Place(state, 0, null);
        double? seconds = progress.Settings.AdmittedPerSecond > 0 ? before / progress.Settings.AdmittedPerSecond : null;
        if (seconds is { } wait && progress.Settings.OpensAt is { } opens && opens > clock.GetUtcNow()) seconds = wait + (opens - clock.GetUtcNow()).TotalSeconds;
        return new Place(state, before, seconds);
    }

    /// <summary>The number of a ticket of the caller; null when it is not one of this room and this visitor.</summary>
    public long? Read(HttpContext context, string room, string ticket)
    {
        Principal principal = context.Principal();
        // A session that has become a customer's keeps its place.
        string? text = tokens.Read(Purpose(room, Visitor(principal)), ticket) ?? tokens.Read(Purpose(room, Session(principal)), ticket);
        return text is null ? null : long.Parse(text, CultureInfo.InvariantCulture);
    }

    /// <summary>Forgets what is known, because it was changed here.</summary>
    public void Forget(string room)
    {
        _rooms = null;
        _progress.TryRemove(room, out _);
    }

    /// <summary>The rooms that are before SKUs, of a second ago at the most.</summary>
    public Task<ImmutableArray<GuardedSkus>> RoomsAsync()
    {
        Known<ImmutableArray<GuardedSkus>>? known = _rooms;
        if (known is null || !known.IsFresh(clock, FreshRooms)) _rooms = known = new(grains.GetGrain<IWaitingRoomsGrain>(IWaitingRoomsGrain.Key).All(), clock.GetTimestamp());
        return known.Value;
    }

    /// <summary>How far a room is, of a tenth of a second ago at the most; null when it is before no SKU.</summary>
    public async Task<RoomProgress?> ProgressAsync(string room)
    {
        // Names that callers make up cost nothing.
        if ((await RoomsAsync()).All(r => r.Room != room)) return null;
        if (!_progress.TryGetValue(room, out Known<RoomProgress?>? known) || !known.IsFresh(clock, FreshProgress))
            _progress[room] = known = new(grains.GetGrain<IWaitingRoomGrain>(room).Progress(), clock.GetTimestamp());
        return await known.Value;
    }

    private static string Session(Principal principal) => "session/" + principal.Id;

    private static string Purpose(string room, string visitor) => $"waiting-room\n{room}\n{visitor}";

    private async Task<Place?> NumberAsync(HttpContext context, string room)
    {
        string[] tickets = context.Request.Headers[TicketHeader].ToString().Split(',', TicketsMax + 1, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (tickets.Length > TicketsMax) throw Problems.Bad(TicketHeader, $"must have {TicketsMax} tickets at the most");
        long? number = tickets.Select(t => Read(context, room, t)).FirstOrDefault(n => n is not null);
        return number is { } known ? await PlaceAsync(room, known) : null;
    }

    // What was read, or is being read, since some moment.
    private sealed record Known<T>(Task<T> Value, long ReadAt)
    {
        public bool IsFresh(TimeProvider clock, TimeSpan time) => clock.GetElapsedTime(ReadAt) < time && !Value.IsFaulted && !Value.IsCanceled;
    }
}

/// <summary>What a ticket is good for now.</summary>
public enum TicketState
{
    /// <summary>Others are before it.</summary>
    Waiting,

    /// <summary>Its visitor may buy.</summary>
    Admitted,

    /// <summary>The time for buying is over.</summary>
    Expired,
}

/// <summary>Where a ticket stands: how many are before it, itself included, and about how many seconds that takes; null when the queue is held.</summary>
public sealed record Place(TicketState State, long Position, double? EstimatedSeconds)
{
    // A visitor that waits long asks rarely, so that a hundred thousand of them are no load.
    private const int AskAgainMax = 15;

    /// <summary>After how many seconds to ask again.</summary>
    public int RetryAfterSeconds => EstimatedSeconds is { } seconds ? (int)Math.Clamp(Math.Ceiling(seconds / 4), 1, AskAgainMax) : AskAgainMax;
}
