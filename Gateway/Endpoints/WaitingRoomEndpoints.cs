using Shop.Gateway.Access;
using Shop.Gateway.Admission;
using Shop.Gateway.Http;
using Shop.WaitingRooms;

namespace Shop.Gateway.Endpoints;

internal static class WaitingRoomEndpoints
{
    private const int SkusMax = 50;
    private const int AdmissionSecondsDefault = 600;

    public static void MapWaitingRooms(this RouteGroupBuilder v1)
    {
        RouteGroupBuilder rooms = v1.MapGroup("/waiting-rooms").WithTags("Waiting rooms");
        rooms.MapGet("/", List).Needs(null, Storefront.Any)
            .Produces<WaitingRoomListReply>().WithSummary("Lists the rooms that are before SKUs now").WithName("listWaitingRooms");
        rooms.MapPut("/{id}", Put).Needs(Scopes.StockWrite).WithFilter<IdempotencyFilter>()
            .Produces<WaitingRoomReply>().ProducesProblems(400, 409).WithSummary("Opens a room before SKUs, or changes how it admits").WithName("putWaitingRoom");
        rooms.MapGet("/{id}", Get).Needs(null, Storefront.Any)
            .Produces<WaitingRoomReply>().ProducesProblems(404).WithSummary("Shows how far the queue is").WithName("getWaitingRoom");
        rooms.MapDelete("/{id}", Delete).Needs(Scopes.StockWrite)
            .Produces(204).ProducesProblems(404).WithSummary("Ends a room: everybody may buy, tickets are void").WithName("deleteWaitingRoom");
        rooms.MapPost("/{id}/tickets", Join).Needs(Scopes.Checkout, Storefront.Session)
            .Produces<TicketReply>(201).ProducesProblems(403, 404).WithSummary("Joins the queue; a visitor who is in it already keeps the place").WithName("joinWaitingRoom");
        rooms.MapGet("/{id}/tickets/{ticket}", Place).Needs(Scopes.Checkout, Storefront.Session)
            .Produces<TicketReply>().ProducesProblems(404).WithSummary("Shows where a ticket of this visitor stands").WithName("getTicket");
    }

    private static async Task<IResult> List(WaitingRoomDoor rooms) => Reply.Ok(new WaitingRoomListReply(
        [.. (await rooms.RoomsAsync()).Select(r => new GuardedSkusReply(r.Room, [.. r.Skus.Select(s => s.Value)]))]));

    private static async Task<IResult> Put(string id, Json<WaitingRoomBody> body, IGrainFactory grains, WaitingRoomDoor rooms)
    {
        WaitingRoomBody b = body.Value;
        string room = Fields.Id<RoomId>(id, "id").Value;
        if (b.AdmittedPerSecond is not (>= 0 and <= RoomSettings.PerSecondMax)) throw Problems.Bad("admittedPerSecond", $"must be 0 to {RoomSettings.PerSecondMax}");
        int seconds = b.AdmissionSeconds ?? AdmissionSecondsDefault;
        if (seconds < 1 || seconds > RoomSettings.AdmissionMax.TotalSeconds) throw Problems.Bad("admissionSeconds", $"must be 1 to {RoomSettings.AdmissionMax.TotalSeconds}");
        ImmutableArray<Sku> skus = [.. Fields.List(b.Skus, "skus", 1, SkusMax).Select((s, i) => Fields.Id<Sku>(s, $"skus[{i}]")).Distinct()];
        // First what may be refused: a room that is refused stays as it is.
        RoomRefusal? refusal = await grains.GetGrain<IWaitingRoomsGrain>(IWaitingRoomsGrain.Key).List(new GuardedSkus(room, skus));
        if (refusal is { Sku: { } sku }) return Problems.Conflict("sku-has-waiting-room", "A SKU has one waiting room at the most.", $"{sku} is bought through {refusal.OtherRoom}.");
        if (refusal is not null) return Problems.Conflict("too-many-waiting-rooms", $"A shop has at most {IWaitingRoomsGrain.RoomsMax} waiting rooms.");
        RoomProgress progress = await grains.GetGrain<IWaitingRoomGrain>(room)
            .Set(new RoomSettings(b.AdmittedPerSecond, b.OpensAt, TimeSpan.FromSeconds(seconds), b.CustomersOnly ?? false));
        rooms.Forget(room);
        return Reply.Ok(View(room, skus, progress), progress.Version);
    }

    private static async Task<IResult> Get(string id, WaitingRoomDoor rooms)
    {
        string room = Fields.Id<RoomId>(id, "id").Value;
        GuardedSkus? listed = (await rooms.RoomsAsync()).FirstOrDefault(r => r.Room == room);
        return listed is not null && await rooms.ProgressAsync(room) is { } progress ? Reply.Ok(View(room, listed.Skus, progress), progress.Version) : Problems.NotFound("waiting room");
    }

    private static async Task<IResult> Delete(string id, IGrainFactory grains, WaitingRoomDoor rooms)
    {
        string room = Fields.Id<RoomId>(id, "id").Value;
        bool wasListed = await grains.GetGrain<IWaitingRoomsGrain>(IWaitingRoomsGrain.Key).Unlist(room);
        await grains.GetGrain<IWaitingRoomGrain>(room).Close();
        rooms.Forget(room);
        return wasListed ? Reply.NoContent() : Problems.NotFound("waiting room");
    }

    private static async Task<IResult> Join(HttpContext context, string id, IGrainFactory grains, WaitingRoomDoor rooms)
    {
        string room = Fields.Id<RoomId>(id, "id").Value;
        Principal principal = context.Principal();
        if (principal.Kind != PrincipalKind.Session) return Reply.Problem(Problems.Of(403, "forbidden", "This key may not do this.", "Only sessions wait."));
        if (await rooms.ProgressAsync(room) is not { } progress) return Problems.NotFound("waiting room");
        if (progress.Settings.CustomersOnly && principal.Caller.CustomerId is null)
            return Reply.Problem(Problems.Of(403, "customers-only", "This waiting room is for customers.", "Sign in first."));
        return await grains.GetGrain<IWaitingRoomGrain>(room).Join(WaitingRoomDoor.Visitor(principal)) is { } number
            ? await PlaceOf(context, room, rooms, number, created: true)
            : Problems.Unavailable("waiting-room-full", "The waiting room takes nobody now.");
    }

    private static async Task<IResult> Place(HttpContext context, string id, string ticket, WaitingRoomDoor rooms)
    {
        string room = Fields.Id<RoomId>(id, "id").Value;
        return rooms.Read(context, room, ticket) is { } number ? await PlaceOf(context, room, rooms, number, created: false) : Problems.NotFound("ticket");
    }

    private static async Task<IResult> PlaceOf(HttpContext context, string room, WaitingRoomDoor rooms, long number, bool created)
    {
        if (await rooms.PlaceAsync(room, number) is not { } place) return Problems.NotFound("waiting room");
        string ticket = rooms.Ticket(context, room, number);
        var view = new TicketReply(ticket, number, Views.Name(place.State), place.Position, place.EstimatedSeconds is { } seconds ? Math.Round(seconds, 1) : null);
        Reply reply = created ? Reply.Created(view, $"/v1/waiting-rooms/{room}/tickets/{ticket}") : Reply.Ok(view);
        return place.State == TicketState.Waiting ? reply.After(place.RetryAfterSeconds) : reply;
    }

    private static WaitingRoomReply View(string room, ImmutableArray<Sku> skus, RoomProgress progress) => new(
        room, [.. skus.Select(s => s.Value)], progress.Settings.AdmittedPerSecond, progress.Settings.OpensAt, (int)progress.Settings.Admission.TotalSeconds,
        progress.Settings.CustomersOnly, progress.Issued, progress.Admitted, progress.Expired, progress.Issued - progress.Admitted);
}
