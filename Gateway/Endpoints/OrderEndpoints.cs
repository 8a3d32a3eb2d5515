using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Shop.Audit;
using Shop.Gateway.Access;
using Shop.Gateway.Http;
using Shop.Hosting;
using Shop.Orders;
using Shop.Payments;

namespace Shop.Gateway.Endpoints;

internal static class OrderEndpoints
{
    public static void MapOrders(this RouteGroupBuilder v1)
    {
        v1.MapGet("/orders", Newest).Needs(Scopes.OrdersRead).WithTags("Orders")
            .Produces<OrderListReply>().ProducesProblems(400).WithSummary("The newest orders, of those among the latest tens of thousands of changes").WithName("listOrders");
        RouteGroupBuilder orders = v1.MapGroup("/orders/{id}").WithTags("Orders");
        orders.MapGet("/", Get).Needs(Scopes.OrdersRead, Storefront.Session)
            .Produces<OrderReply>().ProducesProblems(404).WithSummary("Shows an order").WithName("getOrder");
        orders.MapPost("/cancel", Cancel).Needs(Scopes.OrdersWrite, Storefront.Session).WithFilter<IdempotencyFilter>()
            .Produces<OrderReply>().ProducesProblems(404, 409).WithSummary("Cancels an order that is not shipped").WithName("cancelOrder");
        orders.MapPost("/fulfilments", Fulfil).Needs(Scopes.OrdersWrite).WithFilter<IdempotencyFilter>()
            .Produces<OrderReply>(201).ProducesProblems(404, 409, 422).WithSummary("Ships lines; all when none are named").WithName("fulfilOrder");
        orders.MapPost("/returns", Return).Needs(Scopes.OrdersWrite).WithFilter<IdempotencyFilter>()
            .Produces<OrderReply>(201).ProducesProblems(404, 409, 422).WithSummary("Takes shipped lines back; all when none are named").WithName("returnOrder");
        orders.MapPost("/refunds", Refund).Needs(Scopes.OrdersWrite).WithFilter<IdempotencyFilter>()
            .Produces<OrderReply>(201).ProducesProblems(404, 409, 422).WithSummary("Gives money back; all when no amount is named").WithName("refundOrder");
        v1.MapPost("/payments/callbacks/test", Callback).WithTags("Payments")
            .Produces(204).ProducesProblems(400, 401, 404).WithSummary("Takes a signed callback of the test payment provider").WithName("paymentCallback");
    }

    private static async Task<IResult> Get(HttpContext context, string id, IGrainFactory grains) => Views.Reply(await Order(grains, id).Get(context.Caller()));

    private static async Task<IResult> Newest(IGrainFactory grains, string? pageSize = null)
    {
        ImmutableArray<string> ids = await grains.GetGrain<IAuditGrain>(IAuditGrain.Key).Newest("order", Fields.PageSize(pageSize));
        return Reply.Ok(new OrderListReply(await Views.OrdersAsync(grains, ids)));
    }

    private static async Task<IResult> Cancel(HttpContext context, string id, IGrainFactory grains)
    {
        CancelBody? body = await OptionalBody<CancelBody>(context);
        return Views.Reply(await Order(grains, id).Cancel(context.Caller(), Fields.OptionalText(body?.Reason, "reason") ?? "cancelled"));
    }

    private static async Task<IResult> Fulfil(HttpContext context, string id, IGrainFactory grains)
    {
        FulfilmentBody? body = await OptionalBody<FulfilmentBody>(context);
        var command = new FulfilOrder(context.NewId("fulfilment"), Lines(body?.Lines), Fields.OptionalText(body?.Tracking, "tracking"));
        return Views.Reply(await Order(grains, id).Fulfil(command), created: true);
    }

    private static async Task<IResult> Return(HttpContext context, string id, IGrainFactory grains)
    {
        ReturnBody? body = await OptionalBody<ReturnBody>(context);
        return Views.Reply(await Order(grains, id).Return(new ReturnOrder(context.NewId("return"), Lines(body?.Lines), body?.Restock ?? true)), created: true);
    }

    private static async Task<IResult> Refund(HttpContext context, string id, IGrainFactory grains)
    {
        RefundBody? body = await OptionalBody<RefundBody>(context);
        Money? amount = body?.Amount is { } money ? Fields.Money(money, "amount") : null;
        if (amount is { Minor: 0 }) throw Problems.Bad("amount.amount", "must be positive");
        return Views.Reply(await Order(grains, id).Refund(new RefundOrder(context.NewId("refund"), amount, Fields.OptionalText(body?.Reason, "reason"))), created: true);
    }

    // The signature is of the raw body, so it is checked before anything is read from it.
    private static async Task<IResult> Callback(HttpContext context, IGrainFactory grains, IOptions<ShopOptions> options)
    {
        byte[] raw = await context.BodyAsync();
        string signature = context.Request.Headers["X-Signature"].ToString();
        byte[] expected = HMACSHA256.HashData(Encoding.UTF8.GetBytes(options.Value.CallbackSecret ?? ""), raw);
        bool signed = !string.IsNullOrEmpty(options.Value.CallbackSecret)
            && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(expected)), Encoding.ASCII.GetBytes(signature));
        if (!signed) return Reply.Problem(Problems.Of(401, "bad-signature", "The signature is not of this body."));
        CallbackBody body = (await Json<CallbackBody>.BindAsync(context))!.Value;
        if (body.Outcome is not ("approved" or "declined")) throw Problems.Bad("outcome", "must be approved or declined");
        OrderId order = Fields.Id<OrderId>(body.PaymentId, "paymentId");
        PaymentAnswer answer = await grains.GetGrain<IPaymentGrain>(order.Value)
            .ProviderAnswered(body.Outcome == "approved", Fields.OptionalText(body.Reference, "reference") ?? order.Value);
        return answer is PaymentAnswer.Illegal { Status: PaymentStatus.None } ? Problems.NotFound("payment") : Reply.NoContent();
    }

    private static ImmutableArray<LineQuantity> Lines(IReadOnlyList<LineBody>? lines) => [.. Fields.List(lines, "lines", 0, Limits.LinesMax)
        .Select((l, i) => new LineQuantity(Fields.Id<Sku>(l.Sku, $"lines[{i}].sku"), Fields.Quantity(l.Quantity, $"lines[{i}].quantity")))];

    // These commands have sensible meanings without a body.
    private static async Task<T?> OptionalBody<T>(HttpContext context)
        where T : class => (await context.BodyAsync()).Length == 0 ? null : (await Json<T>.BindAsync(context))?.Value;

    private static IOrderGrain Order(IGrainFactory grains, string id) => grains.GetGrain<IOrderGrain>(Fields.Id<OrderId>(id, "id").Value);
}
