namespace Shop.Promotions;

/// <summary>What happened to a coupon.</summary>
[JsonPolymorphic]
[JsonDerivedType(typeof(Defined), "promotion.defined.1")]
[JsonDerivedType(typeof(Redeemed), "promotion.redeemed.1")]
[JsonDerivedType(typeof(Released), "promotion.released.1")]
public abstract record PromotionEvent(DateTimeOffset At)
{
    /// <summary>The rules were set.</summary>
    public sealed record Defined(CouponRules Rules, DateTimeOffset At) : PromotionEvent(At);

    /// <summary>A use was taken for an order.</summary>
    public sealed record Redeemed(OrderId OrderId, CustomerId? CustomerId, Money Discount, DateTimeOffset At) : PromotionEvent(At);

    /// <summary>The use of an order was given back.</summary>
    public sealed record Released(OrderId OrderId, DateTimeOffset At) : PromotionEvent(At);
}

/// <summary>A use of a coupon.</summary>
public sealed record Redemption(CustomerId? CustomerId, Money Discount);

/// <summary>A coupon with its uses. Uses ≤ the limit at the time of each use.</summary>
public sealed record PromotionState : IEventSourced<PromotionState, PromotionEvent>
{
    /// <inheritdoc/>
    public static PromotionState Empty { get; } = new();

    /// <inheritdoc/>
    public static JsonSerializerContext Json => PromotionJson.Default;

    /// <inheritdoc/>
    public static object? Tell(PromotionEvent @event, object? last) => null;

    /// <summary>The rules; null before they were set.</summary>
    public CouponRules? Rules { get; init; }

    /// <summary>Uses by order.</summary>
    public ImmutableDictionary<OrderId, Redemption> Redemptions { get; init; } = ImmutableDictionary<OrderId, Redemption>.Empty;

    /// <summary>The number of uses of each customer.</summary>
    public ImmutableDictionary<CustomerId, int> UsesByCustomer { get; init; } = ImmutableDictionary<CustomerId, int>.Empty;

    /// <inheritdoc/>
    public PromotionState Apply(PromotionEvent @event) => @event switch
    {
        PromotionEvent.Defined e => this with { Rules = e.Rules },
        PromotionEvent.Redeemed e => this with
        {
            Redemptions = Redemptions.Add(e.OrderId, new Redemption(e.CustomerId, e.Discount)),
            UsesByCustomer = Count(e.CustomerId, 1),
        },
        PromotionEvent.Released e => this with { Redemptions = Redemptions.Remove(e.OrderId), UsesByCustomer = Count(Redemptions[e.OrderId].CustomerId, -1) },
        _ => throw new InvalidOperationException($"{@event.GetType()} is not a promotion event."),
    };

    /// <inheritdoc/>
    public void AssertInvariants()
    {
        if (UsesByCustomer.Values.Any(n => n < 0)) throw new InvalidOperationException("A customer has used the coupon less than never.");
    }

    private ImmutableDictionary<CustomerId, int> Count(CustomerId? customer, int by) =>
        customer is { } id ? UsesByCustomer.SetItem(id, UsesByCustomer.GetValueOrDefault(id) + by) : UsesByCustomer;
}

/// <summary>JSON of a coupon's events and state.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PromotionEvent[]))]
[JsonSerializable(typeof(PromotionState))]
internal sealed partial class PromotionJson : JsonSerializerContext;
