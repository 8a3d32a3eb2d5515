using Shop.Gateway.Access;
using Shop.Gateway.Admission;
using Shop.Gateway.Http;
using Shop.Stock;

namespace Shop.Gateway.Endpoints;

internal static class StockEndpoints
{
    private const int TtlSecondsDefault = 900;

    public static void MapStock(this RouteGroupBuilder v1)
    {
        RouteGroupBuilder stock = v1.MapGroup("/stock/{sku}").WithTags("Stock");
        stock.MapGet("/", Get).Needs(null, Storefront.Any)
            .Produces<StockReply>().ProducesProblems(404).WithSummary("Shows what is there").WithName("getStock");
        stock.MapPost("/receipts", Receive).Needs(Scopes.StockWrite).WithFilter<IdempotencyFilter>()
            .Produces<StockReply>(201).ProducesProblems(400, 422).WithSummary("Books arrived units, once a reference").WithName("receiveStock");
        stock.MapPost("/adjustments", Adjust).Needs(Scopes.StockWrite).WithFilter<IdempotencyFilter>()
            .Produces<StockReply>(201).ProducesProblems(400, 404, 409, 422).WithSummary("Corrects the count").WithName("adjustStock");
        stock.MapPut("/rules", SetRules).Needs(Scopes.StockWrite).WithFilter<IdempotencyFilter>()
            .Produces<StockReply>().ProducesProblems(400, 422).WithSummary("Sets the limit per customer and the sale windows").WithName("setStockRules");
        stock.MapPost("/reservations", Reserve).Needs(Scopes.StockWrite).NeedsTurn()
            .Produces<ReservationReply>(201).ProducesProblems(400, 404, 409).WithSummary("Holds units for a while").WithName("reserveStock");
        stock.MapDelete("/reservations/{id}", Release).Needs(Scopes.StockWrite)
            .Produces(204).ProducesProblems(404, 409).WithSummary("Gives held units back").WithName("releaseStock");
        stock.MapPost("/reservations/{id}/confirm", Confirm).Needs(Scopes.StockWrite)
            .Produces(204).ProducesProblems(404, 409).WithSummary("Turns held units into a sale").WithName("confirmStock");
    }

    private static async Task<IResult> Get(string sku, IGrainFactory grains) => Views.Reply(await Grain(sku, grains, out Sku id).Get(), id);

    private static async Task<IResult> Receive(HttpContext context, string sku, Json<ReceiptBody> body, IGrainFactory grains)
    {
        int quantity = Fields.Quantity(body.Value.Quantity, "quantity");
        string reference = body.Value.Reference is { } text ? Fields.Text(text, "reference") : context.NewId("receipt");
        return Views.Reply(await Grain(sku, grains, out Sku id).Receive(new ReceiveStock(quantity, reference)), id, created: true);
    }

    private static async Task<IResult> Adjust(HttpContext context, string sku, Json<AdjustmentBody> body, IGrainFactory grains)
    {
        if (body.Value.Difference == 0 || Math.Abs((long)body.Value.Difference) > Limits.QuantityMax) throw Problems.Bad("difference", $"must be 1 to {Limits.QuantityMax} up or down");
        string reference = body.Value.Reference is { } text ? Fields.Text(text, "reference") : context.NewId("adjustment");
        var command = new AdjustStock(body.Value.Difference, Fields.Text(body.Value.Reason, "reason"), reference);
        return Views.Reply(await Grain(sku, grains, out Sku id).Adjust(command), id, created: true);
    }

    private static async Task<IResult> SetRules(string sku, Json<StockRulesBody> body, IGrainFactory grains)
    {
        if (body.Value.LimitPerCustomer is < 1 or > Limits.QuantityMax) throw Problems.Bad("limitPerCustomer", $"must be 1 to {Limits.QuantityMax}");
        ImmutableArray<SaleWindow> windows = [.. Fields.List(body.Value.Windows, "windows", 0, 100).Select(w => new SaleWindow(w.From, w.To))];
        return Views.Reply(await Grain(sku, grains, out Sku id).SetRules(new StockRules(body.Value.LimitPerCustomer, windows)), id);
    }

    private static async Task<IResult> Reserve(HttpContext context, string sku, Json<ReservationBody> body, IGrainFactory grains)
    {
        int seconds = body.Value.TtlSeconds ?? TtlSecondsDefault;
        if (seconds < 1 || seconds > Limits.ReservationTtlMax.TotalSeconds) throw Problems.Bad("ttlSeconds", $"must be 1 to {Limits.ReservationTtlMax.TotalSeconds}");
        // The id follows from the idempotency key, so the stock itself knows a retry.
        var command = new ReserveStock(
            new ReservationId(context.NewId("reservation")), Fields.Quantity(body.Value.Quantity, "quantity"), TimeSpan.FromSeconds(seconds),
            Fields.OptionalId<CustomerId>(body.Value.CustomerId, "customerId"));
        return Views.Reply(await Grain(sku, grains, out Sku id).Reserve(command), id);
    }

    private static async Task<IResult> Release(string sku, string id, IGrainFactory grains) =>
        Views.Reply(await Grain(sku, grains, out Sku known).Release(Fields.Id<ReservationId>(id, "id")), known);

    private static async Task<IResult> Confirm(string sku, string id, IGrainFactory grains)
    {
        StockAnswer answer = await Grain(sku, grains, out Sku known).Confirm(Fields.Id<ReservationId>(id, "id"));
        return answer switch
        {
            StockAnswer.Confirmed => Http.Reply.NoContent(),
            StockAnswer.ReservationClosed { Status: ReservationStatus.Expired } => Problems.Conflict("reservation-expired", "The reservation has expired."),
            _ => Views.Reply(answer, known),
        };
    }

    private static IStockGrain Grain(string sku, IGrainFactory grains, out Sku id)
    {
        id = Fields.Id<Sku>(sku, "sku");
        return grains.GetGrain<IStockGrain>(id.Value);
    }
}
