namespace Shop.Carts;

/// <summary>What happened to a cart.</summary>
[JsonPolymorphic]
[JsonDerivedType(typeof(Created), "cart.created.1")]
[JsonDerivedType(typeof(LineSet), "cart.line-set.1")]
[JsonDerivedType(typeof(LineRemoved), "cart.line-removed.1")]
[JsonDerivedType(typeof(CouponAdded), "cart.coupon-added.1")]
[JsonDerivedType(typeof(CouponRemoved), "cart.coupon-removed.1")]
[JsonDerivedType(typeof(MergedFrom), "cart.merged-from.1")]
[JsonDerivedType(typeof(MergeFinished), "cart.merge-finished.1")]
[JsonDerivedType(typeof(MergedInto), "cart.merged-into.1")]
[JsonDerivedType(typeof(Claimed), "cart.claimed.1")]
[JsonDerivedType(typeof(CheckoutStarted), "cart.checkout-started.1")]
[JsonDerivedType(typeof(CheckoutFailed), "cart.checkout-failed.1")]
[JsonDerivedType(typeof(CheckedOut), "cart.checked-out.1")]
public abstract record CartEvent(DateTimeOffset At)
{
    /// <summary>The cart was opened.</summary>
    public sealed record Created(string? SessionId, CustomerId? CustomerId, Currency Currency, DateTimeOffset At) : CartEvent(At);

    /// <summary>A SKU has this quantity at this price.</summary>
    public sealed record LineSet(CartLine Line, DateTimeOffset At) : CartEvent(At);

    /// <summary>A SKU was taken out.</summary>
    public sealed record LineRemoved(Sku Sku, DateTimeOffset At) : CartEvent(At);

    /// <summary>A coupon was put on.</summary>
    public sealed record CouponAdded(CouponCode Code, DateTimeOffset At) : CartEvent(At);

    /// <summary>A coupon was taken off.</summary>
    public sealed record CouponRemoved(CouponCode Code, DateTimeOffset At) : CartEvent(At);

    /// <summary>The lines of another cart came in.</summary>
    public sealed record MergedFrom(CartId From, ImmutableArray<CartLine> Lines, DateTimeOffset At) : CartEvent(At);

    /// <summary>The other cart is closed.</summary>
    public sealed record MergeFinished(DateTimeOffset At) : CartEvent(At);

    /// <summary>The lines went to another cart.</summary>
    public sealed record MergedInto(CartId Into, DateTimeOffset At) : CartEvent(At);

    /// <summary>The cart belongs to a customer now.</summary>
    public sealed record Claimed(CustomerId CustomerId, DateTimeOffset At) : CartEvent(At);

    /// <summary>The cart is becoming an order.</summary>
    public sealed record CheckoutStarted(OrderId OrderId, DateTimeOffset At) : CartEvent(At);

    /// <summary>The order came to nothing; the cart is open again.</summary>
    public sealed record CheckoutFailed(OrderId OrderId, DateTimeOffset At) : CartEvent(At);

    /// <summary>The cart is an order.</summary>
    public sealed record CheckedOut(OrderId OrderId, DateTimeOffset At) : CartEvent(At);
}

/// <summary>A cart. It can be changed only while it is open.</summary>
public sealed record CartState : IEventSourced<CartState, CartEvent>
{
    /// <inheritdoc/>
    public static CartState Empty { get; } = new();

    /// <inheritdoc/>
    public static JsonSerializerContext Json => CartJson.Default;

    /// <summary>Whether it was opened.</summary>
    public bool Exists { get; init; }

    /// <summary>The session that it belongs to.</summary>
    public string? SessionId { get; init; }

    /// <summary>The customer that it belongs to.</summary>
    public CustomerId? CustomerId { get; init; }

    /// <summary>The currency of its prices.</summary>
    public Currency Currency { get; init; }

    /// <summary>Where it stands.</summary>
    public CartStatus Status { get; init; }

    /// <summary>Its lines, one a SKU.</summary>
    public ImmutableArray<CartLine> Lines { get; init; } = [];

    /// <summary>Its coupons.</summary>
    public ImmutableArray<CouponCode> Coupons { get; init; } = [];

    /// <summary>The order that it is or is becoming.</summary>
    public OrderId? OrderId { get; init; }

    /// <summary>A cart whose lines came in and which has yet to be closed.</summary>
    public CartId? Merging { get; init; }

    /// <summary>When it was last changed.</summary>
    public DateTimeOffset ChangedAt { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public bool HasWork => Status == CartStatus.CheckingOut || Merging is not null;

    /// <summary>Quantity × price of all lines.</summary>
    [JsonIgnore]
    public Money Subtotal => Lines.Aggregate(Money.Zero(Currency), (sum, line) => sum + (line.UnitPrice * line.Quantity));

    /// <inheritdoc/>
    public CartState Apply(CartEvent @event)
    {
        CartState next = @event switch
        {
            CartEvent.Created e => this with { Exists = true, SessionId = e.SessionId, CustomerId = e.CustomerId, Currency = e.Currency },
            CartEvent.LineSet e => this with { Lines = With(Lines, e.Line) },
            CartEvent.LineRemoved e => this with { Lines = Lines.RemoveAll(l => l.Sku == e.Sku) },
            CartEvent.CouponAdded e => this with { Coupons = Coupons.Add(e.Code) },
            CartEvent.CouponRemoved e => this with { Coupons = Coupons.Remove(e.Code) },
            CartEvent.MergedFrom e => this with { Lines = e.Lines.Aggregate(Lines, With), Merging = e.From },
            CartEvent.MergeFinished => this with { Merging = null },
            CartEvent.MergedInto => this with { Status = CartStatus.Merged },
            CartEvent.Claimed e => this with { CustomerId = e.CustomerId },
            CartEvent.CheckoutStarted e => this with { Status = CartStatus.CheckingOut, OrderId = e.OrderId },
            CartEvent.CheckoutFailed => this with { Status = CartStatus.Open, OrderId = null },
            CartEvent.CheckedOut e => this with { Status = CartStatus.CheckedOut, OrderId = e.OrderId },
            _ => throw new InvalidOperationException($"{@event.GetType()} is not a cart event."),
        };
        return next with { ChangedAt = @event.At };
    }

    /// <inheritdoc/>
    public void AssertInvariants()
    {
        if (Lines.Any(l => l.Quantity < 1 || l.UnitPrice.Currency != Currency)) throw new InvalidOperationException("A line has no quantity or another currency.");
        if (Lines.Length > Limits.LinesMax || Coupons.Length > Limits.CouponsMax) throw new InvalidOperationException("A cart has more than it may.");
        if ((Status is CartStatus.CheckingOut or CartStatus.CheckedOut) != OrderId is not null) throw new InvalidOperationException($"A {Status} cart with order {OrderId}.");
    }

    private static ImmutableArray<CartLine> With(ImmutableArray<CartLine> lines, CartLine line)
    {
        for (int i = 0; i < lines.Length; i++)
            if (lines[i].Sku == line.Sku) return lines.SetItem(i, line);
        return lines.Add(line);
    }
}

/// <summary>JSON of a cart's events and state.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CartEvent[]))]
[JsonSerializable(typeof(CartState))]
internal sealed partial class CartJson : JsonSerializerContext;
