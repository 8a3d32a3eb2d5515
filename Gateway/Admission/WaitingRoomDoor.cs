using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Globalization;
using Shop.Gateway.Access;
using Shop.Gateway.Http;
using Shop.WaitingRooms;

namespace Shop.Gateway.Admission;

/// <summary>
/// Lets through waiting rooms. A ticket says a number in a room and is signed for its visitor, so that nobody can make one up, hand
/// it on or look at it twice with other results; whether its turn has come follows from how far the room is, which
/// the gateway asks for ten times a second at the most, however many visitors wait.
/// </summary>
public sealed class WaitingRoomDoor(IGrainFactory grains, TimeProvider clock, SignedToken tokens)
{
    /// <summary>The header in which checkouts show their tickets; several are separated by commas.</summary>
    public const string TicketHeader = "Waiting-Room-Ticket";

    private const int TicketsMax = 20;
    private static readonly TimeSpan FreshRooms = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FreshProgress = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<string, (Task<RoomProgress?> Progress, DateTimeOffset ReadAt)> _progress = new();
    private (Task<FrozenDictionary<Sku, string>> Rooms, DateTimeOffset ReadAt) _rooms = (Task.FromResult(FrozenDictionary<Sku, string>.Empty), DateTimeOffset.MinValue);

    /// <summary>The SKUs that the caller may not buy now. Secret keys stand for the shop itself and wait nowhere.</summary>
    public async ValueTask<ImmutableArray<Sku>> BarredAsync(HttpContext context)
    {
        if (context.Principal().Kind == PrincipalKind.Secret) return [];
        FrozenDictionary<Sku, string> rooms = await RoomsAsync();
        if (rooms.Count == 0) return [];
        Dictionary<string, bool> isIn = [];
        foreach (string room in rooms.Values.Distinct()) isIn[room] = await NumberAsync(context, room) is { State: TicketState.Admitted };
        return [.. rooms.Where(r => !isIn[r.Value]).Select(r => r.Key)];
    }

    /// <summary>Why the caller may not buy a SKU, and how it can.</summary>
    public async Task<Reply> RefusalAsync(HttpContext context, Sku sku)
    {
        string room = (await RoomsAsync()).GetValueOrDefault(sku, "");
        System.Text.Json.Nodes.JsonObject facts = new() { ["sku"] = sku.Value, ["room"] = room };
        return await NumberAsync(context, room) switch
        {
            { State: TicketState.Waiting } place => Reply.Problem(
                Problems.Of(429, "waiting", "It is not this visitor's turn yet.", $"{place.Position} are before it.", facts), place.RetryAfterSeconds),
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
        _rooms = (_rooms.Rooms, DateTimeOffset.MinValue);
        _progress.TryRemove(room, out _);
    }

    /// <summary>How far a room is, of a tenth of a second ago at the most; null when it is not open.</summary>
    public async Task<RoomProgress?> ProgressAsync(string room)
    {
        DateTimeOffset now = clock.GetUtcNow();
        if (!_progress.TryGetValue(room, out (Task<RoomProgress?> Progress, DateTimeOffset ReadAt) known) || (now - known.ReadAt).Duration() > FreshProgress || known.Progress.IsFaulted || known.Progress.IsCanceled)
        {
            // Only rooms that are listed are kept, so the callers cannot fill the memory with names.
            if (!(await RoomsAsync()).Values.Contains(room)) return await grains.GetGrain<IWaitingRoomGrain>(room).Progress();
            known = (grains.GetGrain<IWaitingRoomGrain>(room).Progress(), now);
            _progress[room] = known;
        }

        return await known.Progress;
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

    private async Task<FrozenDictionary<Sku, string>> RoomsAsync()
    {
        DateTimeOffset now = clock.GetUtcNow();
        (Task<FrozenDictionary<Sku, string>> Rooms, DateTimeOffset ReadAt) known = _rooms;
        if ((now - known.ReadAt).Duration() > FreshRooms || known.Rooms.IsFaulted || known.Rooms.IsCanceled)
        {
            known = (LoadAsync(), now);
            _rooms = known;
        }

        return await known.Rooms;
    }

    private async Task<FrozenDictionary<Sku, string>> LoadAsync()
    {
        ImmutableArray<GuardedSkus> rooms = await grains.GetGrain<IWaitingRoomsGrain>(IWaitingRoomsGrain.Key).All();
        return rooms.SelectMany(r => r.Skus, (room, sku) => (sku, room.Room)).ToFrozenDictionary(p => p.sku, p => p.Room);
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
