using System.Text.Json.Nodes;
using Shop.Carts;
using Shop.Catalog;
using Shop.Customers;
using Shop.Gateway.Http;
using Shop.Orders;
using Shop.Payments;
using Shop.Stock;

namespace Shop.Gateway.Endpoints;

/// <summary>Values of the domain as they are sent.</summary>
internal static class Views
{
    public static CustomerActivityReply Of(CustomerActivity activity) => new(
        activity.Views, activity.Orders, activity.Units, activity.ReturnedUnits, Of(activity.Spent), Of(activity.Refunded),
        Of([.. activity.Spent.Select(s => s - (activity.Refunded.Where(r => r.Currency == s.Currency).Select(r => (Money?)r).FirstOrDefault() ?? Money.Zero(s.Currency)))]),
        activity.FirstOrderAt, activity.LastOrderAt, activity.LastSeenAt, activity.Bought, activity.Viewed, Name(activity.Segment),
        activity.Scores is { } s ? new ScoresReply(s.Recency, s.Frequency, s.Monetary) : null);

    public static IReadOnlyList<MoneyBody> Of(ImmutableArray<Money> amounts) => [.. amounts.Select(MoneyBody.From)];

    public static ProductReply Of(ProductView product) => new(
        product.Id.Value, product.Content.Title, product.Content.Description, product.Content.Categories,
        [.. product.Content.Variants.Select(v => new VariantBody(v.Sku.Value, v.Title, [.. v.Prices.Select(MoneyBody.From)]))],
        product.Content.Media, product.Content.Published, product.Version);

    public static StockReply Of(StockLevel level) => new(
        level.Sku.Value, level.OnHand, level.Reserved, level.Available, level.Received, level.Adjusted, level.Sold, level.Returned,
        level.Rules?.LimitPerCustomer, level.Rules is { Windows: { IsEmpty: false } windows } ? [.. windows.Select(w => new SaleWindowBody(w.From, w.To))] : null, level.Version);

    public static CartReply Of(CartView cart) => new(
        cart.Id.Value, Name(cart.Status), cart.CustomerId?.Value, cart.Currency.Code,
        [.. cart.Lines.Select(l => new CartLineReply(l.Sku.Value, l.ProductId.Value, l.Title, l.Quantity, MoneyBody.From(l.UnitPrice), MoneyBody.From(l.UnitPrice * l.Quantity)))],
        [.. cart.Coupons.Select(c => c.Value)], MoneyBody.From(cart.Subtotal),
        [.. cart.Discounts.Select(d => new DiscountReply(d.Code.Value, MoneyBody.From(d.Amount)))],
        MoneyBody.From(cart.Subtotal with { Minor = Math.Max(0, cart.Subtotal.Minor - cart.Discounts.Sum(d => d.Amount.Minor)) }), cart.ExpiresAt, cart.OrderId?.Value, cart.Version);

    public static OrderReply Of(OrderView order) => new(
        order.Id.Value, order.Number, Name(order.Status), order.CreatedAt, order.CustomerId?.Value,
        [.. order.Lines.Select(l => new OrderLineReply(l.Sku.Value, l.ProductId.Value, l.Title, l.Quantity, MoneyBody.From(l.UnitPrice), MoneyBody.From(l.Total)))],
        [.. order.Discounts.Select(d => new DiscountReply(d.Code.Value, MoneyBody.From(d.Amount)))],
        MoneyBody.From(order.Total), new PaymentReply(Name(order.Payment), MoneyBody.From(order.Refunded)), order.Contact.Email, Of(order.Contact.ShippingAddress),
        order.CancelReason, [.. order.Fulfilments.Select(Of)], [.. order.Returns.Select(Of)], [.. order.Refunds.Select(Of)], order.Version);

    public static CustomerReply Of(CustomerView customer) => new(
        customer.Id.Value, customer.Profile.Name, customer.Profile.Email, [.. customer.Profile.Addresses.Select(a => Of(a)!)], customer.Profile.MarketingConsent,
        customer.CreatedAt, customer.Erased, customer.OrderCount, customer.Version);

    /// <summary>Orders as they are now, in the order of the ids.</summary>
    public static async Task<IReadOnlyList<OrderReply>> OrdersAsync(IGrainFactory grains, IEnumerable<string> ids)
    {
        OrderAnswer[] answers = await Task.WhenAll(ids.Select(id => grains.GetGrain<IOrderGrain>(id).Get(Caller.Admin)));
        return [.. answers.OfType<OrderAnswer.Ok>().Select(a => Of(a.Order))];
    }

    /// <summary>An enumeration's value in camel case.</summary>
    public static string Name<T>(T value)
        where T : struct, Enum
    {
        string name = Enum.GetName(value)!;
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    /// <summary>An enumeration's value or a rule's code as the end of a problem's type.</summary>
    public static string Kebab(string name)
    {
        var text = new System.Text.StringBuilder();
        foreach (char c in name)
        {
            if (char.IsUpper(c) && text.Length > 0 && text[^1] != '-') text.Append('-');
            text.Append(char.ToLowerInvariant(c));
        }

        return text.ToString();
    }

    /// <summary>What an order command came to.</summary>
    public static Reply Reply(OrderAnswer answer, bool created = false) => answer switch
    {
        OrderAnswer.Ok ok when created => Http.Reply.Created(Of(ok.Order), $"/v1/orders/{ok.Order.Id}", ok.Order.Version),
        OrderAnswer.Ok ok => Http.Reply.Ok(Of(ok.Order), ok.Order.Version),
        OrderAnswer.Rejected rejected => Reply(rejected.Reason),
        OrderAnswer.InProgress => IdempotencyFilter.InProgress(),
        OrderAnswer.OtherCommand => IdempotencyFilter.OtherRequest(),
        OrderAnswer.IllegalState state => Problems.Conflict("order-state", "The order's state does not allow this.", state.Reason, new JsonObject { ["status"] = Name(state.Status) }),
        OrderAnswer.RuleBroken rule => Problems.RuleBroken(rule.Code, "A rule does not allow this.", rule.Reason),
        OrderAnswer.NotFound => Problems.NotFound("order"),
        _ => throw new InvalidOperationException($"{answer.GetType().Name} is not an answer of an order."),
    };

    /// <summary>What a cart command came to.</summary>
    public static Reply Reply(CartAnswer answer, bool created = false) => answer switch
    {
        CartAnswer.Ok ok when created => Http.Reply.Created(Of(ok.Cart), $"/v1/carts/{ok.Cart.Id}", ok.Cart.Version),
        CartAnswer.Ok ok => Http.Reply.Ok(Of(ok.Cart), ok.Cart.Version),
        CartAnswer.NotFound => Problems.NotFound("cart"),
        CartAnswer.UnknownSku unknown => Http.Reply.Problem(Problems.Of(404, "not-found", "There is no such SKU.", unknown.Sku.Value)),
        CartAnswer.Expired => Http.Reply.Problem(Problems.Of(410, "cart-expired", "The cart has expired.")),
        CartAnswer.Closed closed => Problems.Conflict("cart-closed", "The cart can no longer be changed.",
            facts: new JsonObject { ["status"] = Name(closed.Status), ["orderId"] = closed.OrderId?.Value }),
        CartAnswer.Stale stale => Problems.Stale(stale.Version),
        CartAnswer.RuleBroken rule => Problems.RuleBroken(Kebab(rule.Code), "A rule does not allow this.", rule.Reason),
        _ => throw new InvalidOperationException($"{answer.GetType().Name} is not an answer of a cart."),
    };

    /// <summary>What a stock command came to.</summary>
    public static Reply Reply(StockAnswer answer, Sku sku, bool created = false) => answer switch
    {
        StockAnswer.Done done when created => Http.Reply.Created(Of(done.Level), $"/v1/stock/{sku}", done.Level.Version),
        StockAnswer.Done done => Http.Reply.Ok(Of(done.Level), done.Level.Version),
        StockAnswer.Reserved held => Http.Reply.Created(
            new ReservationReply(held.Id.Value, sku.Value, held.Quantity, held.ExpiresAt), $"/v1/stock/{sku}/reservations/{held.Id}"),
        StockAnswer.Released or StockAnswer.ReservationClosed { Status: ReservationStatus.Expired } => Http.Reply.NoContent(),
        StockAnswer.OutOfStock shortage => Problems.Conflict("out-of-stock", "There is not enough in stock.",
            facts: new JsonObject { ["sku"] = sku.Value, ["available"] = shortage.Available }),
        StockAnswer.LimitReached limit => Problems.Conflict("limit-per-customer", "The customer may not have as many.",
            facts: new JsonObject { ["sku"] = sku.Value, ["limit"] = limit.Limit, ["remaining"] = limit.Remaining }),
        StockAnswer.SaleClosed closed => Problems.Conflict("sale-closed", "The SKU is not sold at this time.",
            facts: new JsonObject { ["sku"] = sku.Value, ["opensAt"] = closed.OpensAt?.ToString("O") }),
        StockAnswer.ReservationClosed closed => Problems.Conflict("reservation-closed", "The reservation has ended.", facts: new JsonObject { ["status"] = Name(closed.Status) }),
        StockAnswer.Confirmed => Problems.Conflict("reservation-closed", "The reservation has ended.", facts: new JsonObject { ["status"] = "confirmed" }),
        StockAnswer.NoReservation => Problems.NotFound("reservation"),
        StockAnswer.Refused refused => Problems.RuleBroken("stock-rule", "A rule does not allow this.", refused.Reason),
        StockAnswer.Unknown => Problems.NotFound("SKU"),
        _ => throw new InvalidOperationException($"{answer.GetType().Name} is not an answer of a stock."),
    };

    private static Reply Reply(Rejection reason) => reason switch
    {
        Rejection.OutOfStock shortage => Problems.Conflict("out-of-stock", "There is not enough in stock.", facts: new JsonObject
        {
            ["shortages"] = new JsonArray([.. shortage.Shortages.Select(s =>
                (JsonNode)new JsonObject { ["sku"] = s.Sku.Value, ["requested"] = s.Requested, ["available"] = s.Available })]),
        }),
        Rejection.PriceChanged changed => Problems.Conflict("price-changed", "Prices have changed since the cart was filled.", facts: new JsonObject
        {
            ["changes"] = new JsonArray([.. changed.Changes.Select(c => (JsonNode)new JsonObject
            {
                ["sku"] = c.Sku.Value, ["oldPrice"] = Amount(c.OldPrice), ["newPrice"] = Amount(c.NewPrice),
            })]),
        }),
        Rejection.UnknownSkus unknown => Http.Reply.Problem(Problems.Of(404, "not-found", "There is no such SKU.", facts: Skus(unknown.Skus))),
        Rejection.NotForSale hidden => Problems.Conflict("not-for-sale", "Not everything is for sale.", hidden.Reason, Skus(hidden.Skus)),
        Rejection.LimitReached limit => Problems.Conflict("limit-per-customer", "The customer may not have as many.",
            facts: new JsonObject { ["sku"] = limit.Sku.Value, ["limit"] = limit.Limit, ["remaining"] = limit.Remaining }),
        Rejection.CouponRejected coupon => Problems.RuleBroken("coupon-" + Kebab(coupon.Reason.ToString()), "A coupon does not apply.", coupon.Code.Value),
        Rejection.PaymentDeclined declined => Http.Reply.Problem(Problems.Of(402, "payment-declined", "The payment was declined.", declined.Reason)),
        Rejection.PaymentTimedOut => Http.Reply.Problem(Problems.Of(402, "payment-timed-out", "The payment provider did not answer; nothing was charged.")),
        Rejection.BadTotal total => Problems.RuleBroken("bad-total", "The total cannot be charged.", total.Reason),
        _ => throw new InvalidOperationException($"{reason.GetType().Name} is not a rejection."),
    };

    private static JsonObject Skus(IEnumerable<Sku> skus) => new() { ["skus"] = new JsonArray([.. skus.Select(s => (JsonNode)s.Value)]) };

    private static JsonObject Amount(Money money) => new() { ["amount"] = money.ToDecimal(), ["currency"] = money.Currency.Code };

    private static BookingReply Of(OrderBooking booking) => new(
        booking.Id, [.. booking.Lines.Select(l => new LineBody(l.Sku.Value, l.Quantity))], booking.Amount is { } amount ? MoneyBody.From(amount) : null, booking.At, booking.Note);

    private static AddressBody? Of(Address? address) => address is null
        ? null
        : new AddressBody(address.Name, address.Line1, address.Line2, address.City, address.Region, address.PostalCode, address.Country);
}
