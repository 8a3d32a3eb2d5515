using Microsoft.Extensions.Options;
using Shop.Carts;
using Shop.Gateway.Access;
using Shop.Gateway.Admission;
using Shop.Gateway.Http;
using Shop.Hosting;
using Shop.Orders;

namespace Shop.Gateway.Endpoints;

internal static class CartEndpoints
{
    public static void MapCarts(this RouteGroupBuilder v1)
    {
        RouteGroupBuilder carts = v1.MapGroup("/carts").WithTags("Carts");
        carts.MapPost("/", Create).Needs(Scopes.Checkout, Storefront.Session).NeedsTurn().WithFilter<IdempotencyFilter>()
            .Produces<CartReply>(201).ProducesProblems(400).WithSummary("Opens a cart").WithName("createCart");
        carts.MapGet("/{id}", Get).Needs(Scopes.Checkout, Storefront.Session)
            .Produces<CartReply>().ProducesProblems(404, 410).WithSummary("Shows a cart").WithName("getCart");
        carts.MapPut("/{id}/lines/{sku}", SetLine).Needs(Scopes.Checkout, Storefront.Session).NeedsTurn().WithFilter<IdempotencyFilter>()
            .Produces<CartReply>().ProducesProblems(400, 404, 409, 410, 412, 422).WithSummary("Sets the quantity of a SKU").WithName("setCartLine");
        carts.MapDelete("/{id}/lines/{sku}", RemoveLine).Needs(Scopes.Checkout, Storefront.Session).NeedsTurn().WithFilter<IdempotencyFilter>()
            .Produces<CartReply>().ProducesProblems(404, 409, 410, 412).WithSummary("Takes a SKU out").WithName("removeCartLine");
        carts.MapPost("/{id}/coupons", AddCoupon).Needs(Scopes.Checkout, Storefront.Session).NeedsTurn().WithFilter<IdempotencyFilter>()
            .Produces<CartReply>().ProducesProblems(404, 409, 410, 422).WithSummary("Puts a coupon on").WithName("addCoupon");
        carts.MapDelete("/{id}/coupons/{code}", RemoveCoupon).Needs(Scopes.Checkout, Storefront.Session).NeedsTurn().WithFilter<IdempotencyFilter>()
            .Produces<CartReply>().ProducesProblems(404, 409, 410).WithSummary("Takes a coupon off").WithName("removeCoupon");
        carts.MapPost("/{id}/merge", Merge).Needs(Scopes.Checkout, Storefront.Session).NeedsTurn().WithFilter<IdempotencyFilter>()
            .Produces<CartReply>().ProducesProblems(404, 409, 410, 422).WithSummary("Takes over the lines of another cart").WithName("mergeCarts");
        carts.MapPost("/{id}/checkout", Checkout).Needs(Scopes.Checkout, Storefront.Session).NeedsTurn()
            .Produces<OrderReply>(201).ProducesProblems(400, 402, 404, 409, 410, 422, 503).WithSummary("Turns the cart into an order").WithName("checkoutCart");
        v1.MapPost("/checkouts", Express).Needs(Scopes.Checkout, Storefront.Session).NeedsTurn().WithTags("Checkouts")
            .Produces<OrderReply>(201).ProducesProblems(400, 402, 404, 409, 422, 503).WithSummary("Buys without a cart").WithName("checkout");
    }

    private static async Task<IResult> Create(HttpContext context, IGrainFactory grains, IOptions<ShopOptions> options, Json<CartBody> body)
    {
        Caller caller = context.Caller();
        CustomerId? customer = Customer(caller, body.Value.CustomerId) ?? caller.CustomerId;
        Currency currency = Fields.Currency(body.Value.Currency ?? options.Value.DefaultCurrency, "currency");
        CartAnswer answer = await Cart(grains, context.NewId("cart")).Create(new CreateCart(caller.SessionId, customer, currency));
        return Views.Reply(answer, created: true);
    }

    private static async Task<IResult> Get(HttpContext context, string id, IGrainFactory grains) => Views.Reply(await Cart(grains, id).Get(context.Caller()));

    private static async Task<IResult> SetLine(HttpContext context, string id, string sku, Json<CartLineBody> body, IGrainFactory grains) => Views.Reply(
        await Cart(grains, id).SetLine(context.Caller(), Fields.Id<Sku>(sku, "sku"), Fields.Quantity(body.Value.Quantity, "quantity"), Fields.IfMatch(context)));

    private static async Task<IResult> RemoveLine(HttpContext context, string id, string sku, IGrainFactory grains) =>
        Views.Reply(await Cart(grains, id).RemoveLine(context.Caller(), Fields.Id<Sku>(sku, "sku"), Fields.IfMatch(context)));

    private static async Task<IResult> AddCoupon(HttpContext context, string id, Json<CouponUseBody> body, IGrainFactory grains) =>
        Views.Reply(await Cart(grains, id).AddCoupon(context.Caller(), Fields.Id<CouponCode>(body.Value.Code, "code")));

    private static async Task<IResult> RemoveCoupon(HttpContext context, string id, string code, IGrainFactory grains) =>
        Views.Reply(await Cart(grains, id).RemoveCoupon(context.Caller(), Fields.Id<CouponCode>(code, "code")));

    private static async Task<IResult> Merge(HttpContext context, string id, Json<MergeBody> body, IGrainFactory grains) =>
        Views.Reply(await Cart(grains, id).Merge(context.Caller(), Fields.Id<CartId>(body.Value.From, "from")));

    private static async Task<IResult> Checkout(HttpContext context, string id, Json<CartCheckoutBody> body, IGrainFactory grains, WaitingRoomDoor rooms)
    {
        CartCheckoutBody b = body.Value;
        Caller caller = context.Caller();
        (string method, string token) = Payment(b.Payment);
        var command = new CheckoutCart(
            caller, new OrderId(context.NewId("order")), context.Fingerprint(), Customer(caller, b.CustomerId) ?? caller.CustomerId,
            new Contact(Fields.Email(b.Email, "email"), Fields.Address(b.ShippingAddress, "shippingAddress")), method, token, b.AcceptPriceChanges ?? false)
        {
            Barred = await rooms.BarredAsync(context),
        };
        return await Cart(grains, id).Checkout(command) switch
        {
            CheckoutAnswer.FromOrder order => Views.Reply(order.Answer, created: true),
            CheckoutAnswer.CartRefused { Reason: CartAnswer.Barred barred } => await rooms.RefusalAsync(context, barred.Sku),
            CheckoutAnswer.CartRefused refused => Views.Reply(refused.Reason),
            CheckoutAnswer other => throw new InvalidOperationException($"{other.GetType().Name} is not an answer of a checkout."),
        };
    }

    private static async Task<IResult> Express(HttpContext context, Json<CheckoutBody> body, IGrainFactory grains, WaitingRoomDoor rooms)
    {
        CheckoutBody b = body.Value;
        Caller caller = context.Caller();
        (string method, string token) = Payment(b.Payment);
        ImmutableArray<LineRequest> lines = [.. Fields.List(b.Lines, "lines", 1, Limits.LinesMax)
            .Select((l, i) => new LineRequest(Fields.Id<Sku>(l.Sku, $"lines[{i}].sku"), Fields.Quantity(l.Quantity, $"lines[{i}].quantity"), null))];
        if (lines.GroupBy(l => l.Sku).Any(g => g.Sum(l => (long)l.Quantity) > Limits.QuantityMax)) throw Problems.Bad("lines", $"has more than {Limits.QuantityMax} of one SKU");
        ImmutableArray<CouponCode> coupons = [.. Fields.List(b.Coupons, "coupons", 0, Limits.CouponsMax).Select((c, i) => Fields.Id<CouponCode>(c, $"coupons[{i}]")).Distinct()];
        var command = new PlaceOrder(
            context.Fingerprint(), caller.SessionId, Customer(caller, b.CustomerId) ?? caller.CustomerId, null, lines, coupons,
            b.Currency is null ? null : Fields.Currency(b.Currency, "currency"),
            new Contact(Fields.Email(b.Email, "email"), Fields.Address(b.ShippingAddress, "shippingAddress")), method, token)
        {
            Barred = await rooms.BarredAsync(context),
        };
        OrderAnswer answer = await grains.GetGrain<IOrderGrain>(context.NewId("order")).PlaceAsync(command);
        return answer is OrderAnswer.Barred barred ? await rooms.RefusalAsync(context, barred.Sku) : Views.Reply(answer, created: true);
    }

    // A session acts for its own customer; that there is another one is not revealed.
    private static CustomerId? Customer(Caller caller, string? id)
    {
        CustomerId? customer = Fields.OptionalId<CustomerId>(id, "customerId");
        return customer is null || caller.IsAdmin || customer == caller.CustomerId
            ? customer
            : throw new ProblemException(Problems.Of(404, "not-found", "There is no such customer."));
    }

    private static (string Method, string Token) Payment(PaymentBody? payment)
    {
        if (payment is null) throw Problems.Bad("payment", "is missing");
        return (Fields.OptionalText(payment.Method, "payment.method") ?? "card", Fields.Text(payment.Token, "payment.token"));
    }

    private static ICartGrain Cart(IGrainFactory grains, string id) => grains.GetGrain<ICartGrain>(Fields.Id<CartId>(id, "id").Value);
}
