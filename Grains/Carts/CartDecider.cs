using Shop.Catalog;
using Decision = Shop.Journaling.Decision<Shop.Carts.CartEvent, Shop.Carts.CartAnswer>;

namespace Shop.Carts;

/// <summary>How long carts live.</summary>
public sealed class CartOptions
{
    /// <summary>A cart expires when it was not changed for this long. 30 days by default.</summary>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromDays(30);
}

/// <summary>The rules of carts. Pure.</summary>
public static class CartDecider
{
    /// <summary>The cart is opened, once.</summary>
    public static Decision Create(CartState state, CreateCart command, DateTimeOffset now)
    {
        if (!state.Exists) return Decision.Do(new CartEvent.Created(command.SessionId, command.CustomerId, command.Currency, now));
        return state.SessionId == command.SessionId && state.CustomerId == command.CustomerId && state.Currency == command.Currency
            ? Decision.Do()
            : Decision.Say(new CartAnswer.RuleBroken("cart-exists", "A cart with this id exists."));
    }

    /// <summary>Why the caller may not change the cart now; null when it may.</summary>
    public static CartAnswer? RefuseChange(CartState state, Caller caller, long version, long? expectedVersion, TimeSpan lifetime, DateTimeOffset now)
    {
        if (!state.Exists || !caller.Owns(state.SessionId, state.CustomerId)) return new CartAnswer.NotFound();
        if (state.Status != CartStatus.Open) return new CartAnswer.Closed(state.Status, state.OrderId);
        if (now >= state.ChangedAt + lifetime) return new CartAnswer.Expired();
        return expectedVersion is { } expected && expected != version ? new CartAnswer.Stale(version) : null;
    }

    /// <summary>A SKU gets a quantity, at the price of now.</summary>
    public static Decision SetLine(CartState state, Sku sku, int quantity, Offer? offer, DateTimeOffset now)
    {
        if (quantity is < 1 or > Limits.QuantityMax) return Broken("quantity", $"The quantity must be 1 to {Limits.QuantityMax}.");
        if (offer is null) return Decision.Say(new CartAnswer.UnknownSku(sku));
        if (!offer.ForSale) return Broken("not-for-sale", $"{sku} is not for sale.");
        if (offer.PriceIn(state.Currency) is not { } price) return Broken("no-price", $"{sku} has no price in {state.Currency}.");
        if ((decimal)price.Minor * quantity > Money.MinorMax) return Broken("total-too-large", "The total is too large.");
        if (state.Lines.Length >= Limits.LinesMax && state.Lines.All(l => l.Sku != sku)) return Broken("too-many-lines", $"A cart has at most {Limits.LinesMax} lines.");
        return Decision.Do(new CartEvent.LineSet(new CartLine(sku, offer.ProductId, offer.Title, quantity, price, now), now));
    }

    /// <summary>A SKU is taken out; one that is not there stays away.</summary>
    public static Decision RemoveLine(CartState state, Sku sku, DateTimeOffset now) =>
        state.Lines.Any(l => l.Sku == sku) ? Decision.Do(new CartEvent.LineRemoved(sku, now)) : Decision.Do();

    /// <summary>A coupon that applies is put on.</summary>
    public static Decision AddCoupon(CartState state, CouponCode code, DateTimeOffset now)
    {
        if (state.Coupons.Contains(code)) return Decision.Do();
        return state.Coupons.Length >= Limits.CouponsMax
            ? Broken("too-many-coupons", $"A cart has at most {Limits.CouponsMax} coupons.")
            : Decision.Do(new CartEvent.CouponAdded(code, now));
    }

    /// <summary>The lines of another cart come in; quantities of a SKU that both have add up.</summary>
    public static Decision Merge(CartState state, CartView other, DateTimeOffset now)
    {
        if (state.Merging is not null) return Broken("merging", "Another cart is being merged.");
        if (other.Currency != state.Currency) return Broken("other-currency", $"The other cart is in {other.Currency}.");
        if (other.Status != CartStatus.Open) return Decision.Say(new CartAnswer.Closed(other.Status, other.OrderId));
        ImmutableArray<CartLine> lines = [.. other.Lines.Select(l => l with
        {
            Quantity = Math.Min(Limits.QuantityMax, l.Quantity + state.Lines.Where(m => m.Sku == l.Sku).Sum(m => m.Quantity)),
        })];
        return state.Lines.Select(l => l.Sku).Union(lines.Select(l => l.Sku)).Count() > Limits.LinesMax
            ? Broken("too-many-lines", $"A cart has at most {Limits.LinesMax} lines.")
            : Decision.Do(new CartEvent.MergedFrom(other.Id, lines, now));
    }

    private static Decision Broken(string code, string reason) => Decision.Say(new CartAnswer.RuleBroken(code, reason));
}
