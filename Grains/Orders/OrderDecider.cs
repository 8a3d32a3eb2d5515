using Shop.Catalog;
using Decision = Shop.Journaling.Decision<Shop.Orders.OrderEvent, Shop.Orders.OrderAnswer>;

namespace Shop.Orders;

/// <summary>The rules of orders. Pure.</summary>
public static class OrderDecider
{
    /// <summary>The checkout begins at the prices of the offers, or is refused.</summary>
    public static Decision Start(PlaceOrder command, IReadOnlyDictionary<Sku, Offer?> offers, Currency preferred, DateTimeOffset now)
    {
        ImmutableArray<LineRequest> requests = Merge(command.Lines);
        ImmutableArray<Sku> unknown = [.. requests.Where(l => offers[l.Sku] is null).Select(l => l.Sku)];
        if (unknown.Length > 0) return Refuse(command, new Rejection.UnknownSkus(unknown), now);
        ImmutableArray<Sku> hidden = [.. requests.Where(l => !offers[l.Sku]!.ForSale).Select(l => l.Sku)];
        if (hidden.Length > 0) return Refuse(command, new Rejection.NotForSale(hidden, "not for sale"), now);
        if (CurrencyOf(command, requests, offers, preferred) is not { } currency)
            return Refuse(command, new Rejection.NotForSale([.. requests.Select(l => l.Sku)], "no common currency"), now);
        ImmutableArray<Sku> unpriced = [.. requests.Where(l => offers[l.Sku]!.PriceIn(currency) is null).Select(l => l.Sku)];
        if (unpriced.Length > 0) return Refuse(command, new Rejection.NotForSale(unpriced, $"no price in {currency}"), now);

        ImmutableArray<OrderLine> lines = [.. requests.Select(l => LineOf(offers[l.Sku]!, l.Quantity, currency))];
        ImmutableArray<PriceChange> changes = [.. requests.Zip(lines)
            .Where(p => p.First.ExpectedPrice is { } expected && expected != p.Second.UnitPrice)
            .Select(p => new PriceChange(p.First.Sku, p.First.ExpectedPrice!.Value, p.Second.UnitPrice))];
        if (changes.Length > 0) return Refuse(command, new Rejection.PriceChanged(changes), now);
        if (lines.Sum(l => (decimal)l.Quantity * l.UnitPrice.Minor) > Money.MinorMax) return Refuse(command, new Rejection.BadTotal("the total is too large"), now);
        Money total = lines.Aggregate(Money.Zero(currency), (sum, line) => sum + line.Total);
        return Decision.Do(new OrderEvent.CheckoutStarted(command, lines, total, now));
    }

    /// <summary>A placed order that is not shipped at all is cancelled. Cancelled again, nothing happens.</summary>
    public static Decision Cancel(OrderState state, string reason, DateTimeOffset now) => state.Status switch
    {
        OrderStatus.Cancelled when state.CancelReason is not null => Decision.Do(),
        OrderStatus.Placed when state.Fulfilments.IsEmpty && state.Refunds.All(r => r.Booked) => Decision.Do(new OrderEvent.CancelRequested(reason, now)),
        OrderStatus.Pending => Illegal(state, "The checkout is still under way."),
        OrderStatus.Placed => Illegal(state, "A part of the order is shipped."),
        _ => Illegal(state, "The order can no longer be cancelled."),
    };

    /// <summary>Lines are shipped, once an id, never more than was bought.</summary>
    public static Decision Fulfil(OrderState state, FulfilOrder command, DateTimeOffset now)
    {
        if (state.Fulfilments.Any(f => f.Id == command.FulfilmentId)) return Decision.Do();
        if (state.Status != OrderStatus.Placed) return Illegal(state, "Only a placed order can be fulfilled.");
        ImmutableArray<LineQuantity> lines = command.Lines.IsDefaultOrEmpty
            ? [.. state.Lines.Select(l => new LineQuantity(l.Sku, l.Quantity - state.FulfilledOf(l.Sku))).Where(l => l.Quantity > 0)]
            : Merge(command.Lines);
        return Excess(lines, sku => state.BoughtOf(sku) - state.FulfilledOf(sku)) is { } sku
            ? Broken("fulfil-too-much", $"More of {sku} than was bought and not yet shipped.")
            : Decision.Do(new OrderEvent.Fulfilled(command.FulfilmentId, lines, command.Tracking, now));
    }

    /// <summary>Shipped lines come back, once an id, never more than was bought.</summary>
    public static Decision Return(OrderState state, ReturnOrder command, DateTimeOffset now)
    {
        if (state.Returns.Any(r => r.Id == command.ReturnId)) return Decision.Do();
        ImmutableArray<LineQuantity> lines = command.Lines.IsDefaultOrEmpty
            ? [.. state.Lines.Select(l => new LineQuantity(l.Sku, state.FulfilledOf(l.Sku) - state.ReturnedOf(l.Sku))).Where(l => l.Quantity > 0)]
            : Merge(command.Lines);
        if (Excess(lines, sku => state.BoughtOf(sku) - state.ReturnedOf(sku)) is { } sku) return Broken("return-too-much", $"More of {sku} than was bought and not yet returned.");
        if (state.Phase != OrderPhase.Placed || Excess(lines, s => state.FulfilledOf(s) - state.ReturnedOf(s)) is not null) return Illegal(state, "Only what was shipped can be returned.");
        return lines.IsEmpty
            ? Broken("nothing-to-return", "Everything was returned before.")
            : Decision.Do(new OrderEvent.ReturnRequested(command.ReturnId, lines, command.Restock, now) { OccurredAt = command.OccurredAt });
    }

    /// <summary>Money is given back, once an id, never more than was captured.</summary>
    public static Decision Refund(OrderState state, RefundOrder command, DateTimeOffset now)
    {
        if (state.Refunds.Any(r => r.Id == command.RefundId)) return Decision.Do();
        if (state.Phase is OrderPhase.Undoing or OrderPhase.Ended) return Illegal(state, "A cancelled order is refunded already.");
        if (state.Phase != OrderPhase.Placed) return Illegal(state, "The checkout is still under way.");
        Money amount = command.Amount ?? state.Refundable;
        if (amount.Currency != state.Total.Currency) return Broken("refund-currency", $"The order is in {state.Total.Currency}.");
        return amount.Minor <= 0 || amount.Minor > state.Refundable.Minor
            ? Broken("refund-too-much", $"At most {state.Refundable} can be refunded.")
            : Decision.Do(new OrderEvent.RefundRequested(command.RefundId, amount, command.Reason, now) { OccurredAt = command.OccurredAt });
    }

    // The offer has the SKU as a text that lives as long as it; the request's would live as long as the events in which it is.
    private static OrderLine LineOf(Offer offer, int quantity, Currency currency) => new(offer.Sku, offer.ProductId, offer.Title, quantity, offer.PriceIn(currency)!.Value);

    private static Decision Refuse(PlaceOrder command, Rejection reason, DateTimeOffset now) =>
        Decision.Do(new OrderEvent.CheckoutRefused(command.Fingerprint, command.SessionId, command.CustomerId, reason, now));

    private static Decision Illegal(OrderState state, string reason) => Decision.Say(new OrderAnswer.IllegalState(state.Status, reason));

    private static Decision Broken(string code, string reason) => Decision.Say(new OrderAnswer.RuleBroken(code, reason));

    // Two lines of one SKU are one line: their quantities add up, and they are judged together.
    private static ImmutableArray<LineRequest> Merge(ImmutableArray<LineRequest> lines) =>
        [.. lines.GroupBy(l => l.Sku).Select(g => new LineRequest(g.Key, checked(g.Sum(l => l.Quantity)), g.First().ExpectedPrice))];

    private static ImmutableArray<LineQuantity> Merge(ImmutableArray<LineQuantity> lines) =>
        [.. lines.GroupBy(l => l.Sku).Select(g => new LineQuantity(g.Key, checked(g.Sum(l => l.Quantity))))];

    private static Sku? Excess(ImmutableArray<LineQuantity> lines, Func<Sku, int> available)
    {
        foreach (LineQuantity line in lines)
            if (line.Quantity < 1 || line.Quantity > available(line.Sku)) return line.Sku;
        return null;
    }

    private static Currency? CurrencyOf(PlaceOrder command, ImmutableArray<LineRequest> lines, IReadOnlyDictionary<Sku, Offer?> offers, Currency preferred)
    {
        if (command.Currency is not null) return command.Currency;
        bool Common(Currency currency) => lines.All(l => offers[l.Sku]!.PriceIn(currency) is not null);
        if (Common(preferred)) return preferred;
        foreach (Money price in offers[lines[0].Sku]!.Prices)
            if (Common(price.Currency)) return price.Currency;
        return null;
    }
}
