using System.Text.Json.Serialization;
using Shop.Payments;
using Shop.Promotions;

namespace Shop.Orders;

/// <summary>
/// One order and its checkout saga: reserve every SKU → authorise payment → confirm stock → capture → place. Its key is the
/// order id. Every step is journaled and idempotent, and undone in reverse when a later one fails.
/// </summary>
[Alias("Order")]
public interface IOrderGrain : IGrainWithStringKey
{
    /// <summary>Runs the checkout. The same command again gives the same answer; another one under the same id is refused.</summary>
    Task<OrderAnswer> Place(PlaceOrder command);

    /// <summary>Goes on with a saga that was interrupted or waits for the payment provider.</summary>
    Task<OrderAnswer> Resume();

    /// <summary>The order, for one who may see it.</summary>
    Task<OrderAnswer> Get(Caller caller);

    /// <summary>Ends a placed order before it is fulfilled: the money is refunded, the units are back.</summary>
    Task<OrderAnswer> Cancel(Caller caller, string reason);

    /// <summary>Ships lines; all that are left when none are named.</summary>
    Task<OrderAnswer> Fulfil(FulfilOrder command);

    /// <summary>Takes fulfilled units back.</summary>
    Task<OrderAnswer> Return(ReturnOrder command);

    /// <summary>Gives money back: an amount, or all that is left.</summary>
    Task<OrderAnswer> Refund(RefundOrder command);
}

/// <summary>What is bought, by whom, and how it is paid. The fingerprint tells a retry from another command under the same id.</summary>
[GenerateSerializer, Immutable, Alias("PlaceOrder")]
public sealed record PlaceOrder(
    string Fingerprint,
    string? SessionId,
    CustomerId? CustomerId,
    CartId? CartId,
    ImmutableArray<LineRequest> Lines,
    ImmutableArray<CouponCode> Coupons,
    Currency? Currency,
    Contact Contact,
    string PaymentMethod,
    string PaymentToken)
{
    /// <summary>When it was bought, if that is not now: an order of another system that is brought in later.</summary>
    [Id(0)]
    public DateTimeOffset? OccurredAt { get; init; }

    /// <summary>SKUs that this caller may not buy now, because a waiting room is before them.</summary>
    [Id(1), System.Text.Json.Serialization.JsonIgnore]
    public ImmutableArray<Sku> Barred { get; init; } = [];

    /// <summary>
    /// Whether hardly anybody can have heard of the order, so that the journal is not asked for it first. <see cref="OrderAnswer.Known"/> when it turns out to have it;
    /// the command without this says then how it stands.
    /// </summary>
    [Id(2), System.Text.Json.Serialization.JsonIgnore]
    public bool IsFirst { get; init; }

    /// <summary>Whether the SKU is one of those; a caller of older software names none.</summary>
    public bool Bars(Sku sku) => !Barred.IsDefaultOrEmpty && Barred.Contains(sku);
}

/// <summary>A SKU and a quantity; with an expected price the order is refused when the price is another one.</summary>
[GenerateSerializer, Immutable, Alias("LineRequest")]
public sealed record LineRequest(Sku Sku, int Quantity, Money? ExpectedPrice);

/// <summary>Where the order goes and whom to write to. Personal data: never logged.</summary>
[GenerateSerializer, Immutable, Alias("Contact")]
public sealed record Contact(string? Email, Address? ShippingAddress)
{
    /// <inheritdoc/>
    public override string ToString() => "Contact";
}

/// <summary>A postal address. Personal data: never logged.</summary>
[GenerateSerializer, Immutable, Alias("Address")]
public sealed record Address(string? Name, string? Line1, string? Line2, string? City, string? Region, string? PostalCode, string? Country)
{
    /// <inheritdoc/>
    public override string ToString() => "Address";
}

/// <summary>Ships lines of an order.</summary>
[GenerateSerializer, Immutable, Alias("FulfilOrder")]
public sealed record FulfilOrder(string FulfilmentId, ImmutableArray<LineQuantity> Lines, string? Tracking);

/// <summary>Takes lines of an order back.</summary>
[GenerateSerializer, Immutable, Alias("ReturnOrder")]
public sealed record ReturnOrder(string ReturnId, ImmutableArray<LineQuantity> Lines, bool Restock)
{
    /// <summary>When the units came, if that is not now.</summary>
    [Id(0)]
    public DateTimeOffset? OccurredAt { get; init; }
}

/// <summary>Gives money of an order back; all that is left when no amount is named.</summary>
[GenerateSerializer, Immutable, Alias("RefundOrder")]
public sealed record RefundOrder(string RefundId, Money? Amount, string? Reason)
{
    /// <summary>When it was agreed, if that is not now.</summary>
    [Id(0)]
    public DateTimeOffset? OccurredAt { get; init; }
}

/// <summary>A SKU and a quantity.</summary>
[GenerateSerializer, Immutable, Alias("LineQuantity")]
public sealed record LineQuantity(Sku Sku, int Quantity);

/// <summary>Where an order stands.</summary>
public enum OrderStatus
{
    /// <summary>The checkout runs, or waits for the payment provider.</summary>
    Pending,

    /// <summary>Paid and to be shipped.</summary>
    Placed,

    /// <summary>All lines are shipped.</summary>
    Fulfilled,

    /// <summary>The checkout failed, or the order was cancelled.</summary>
    Cancelled,

    /// <summary>All lines came back.</summary>
    Returned,
}

/// <summary>A line as it was bought.</summary>
[GenerateSerializer, Immutable, Alias("OrderLine")]
public sealed record OrderLine(Sku Sku, ProductId ProductId, string Title, int Quantity, Money UnitPrice)
{
    /// <summary>Quantity × unit price.</summary>
    public Money Total => UnitPrice * Quantity;
}

/// <summary>A coupon as it was applied.</summary>
[GenerateSerializer, Immutable, Alias("OrderDiscount")]
public sealed record OrderDiscount(CouponCode Code, Money Amount);

/// <summary>A fulfilment, return or refund that was booked.</summary>
[GenerateSerializer, Immutable, Alias("OrderBooking")]
public sealed record OrderBooking(string Id, ImmutableArray<LineQuantity> Lines, Money? Amount, DateTimeOffset At, string? Note);

/// <summary>An order as it is now. Total = lines − discounts = what was authorised.</summary>
[GenerateSerializer, Immutable, Alias("OrderView")]
public sealed record OrderView(
    OrderId Id,
    string Number,
    OrderStatus Status,
    DateTimeOffset CreatedAt,
    CustomerId? CustomerId,
    ImmutableArray<OrderLine> Lines,
    ImmutableArray<OrderDiscount> Discounts,
    Money Total,
    PaymentStatus Payment,
    Money Refunded,
    Contact Contact,
    string? CancelReason,
    ImmutableArray<OrderBooking> Fulfilments,
    ImmutableArray<OrderBooking> Returns,
    ImmutableArray<OrderBooking> Refunds,
    long Version);

/// <summary>A SKU of which less is there than was asked for.</summary>
[GenerateSerializer, Immutable, Alias("Shortage")]
public sealed record Shortage(Sku Sku, int Requested, long Available);

/// <summary>A SKU whose price is not the one that was expected.</summary>
[GenerateSerializer, Immutable, Alias("PriceChange")]
public sealed record PriceChange(Sku Sku, Money OldPrice, Money NewPrice);

/// <summary>Why a checkout came to nothing. Kept with the order, so that a retry gets the same answer.</summary>
[GenerateSerializer, Immutable, Alias("Rejection")]
[JsonPolymorphic]
[JsonDerivedType(typeof(OutOfStock), "out-of-stock")]
[JsonDerivedType(typeof(PriceChanged), "price-changed")]
[JsonDerivedType(typeof(UnknownSkus), "unknown-skus")]
[JsonDerivedType(typeof(NotForSale), "not-for-sale")]
[JsonDerivedType(typeof(LimitReached), "limit-reached")]
[JsonDerivedType(typeof(CouponRejected), "coupon-rejected")]
[JsonDerivedType(typeof(PaymentDeclined), "payment-declined")]
[JsonDerivedType(typeof(PaymentTimedOut), "payment-timed-out")]
[JsonDerivedType(typeof(BadTotal), "bad-total")]
public abstract record Rejection
{
    /// <summary>There is not enough of some SKUs.</summary>
    [GenerateSerializer, Immutable, Alias("Rejection.OutOfStock")]
    public sealed record OutOfStock(ImmutableArray<Shortage> Shortages) : Rejection;

    /// <summary>Prices are not the expected ones.</summary>
    [GenerateSerializer, Immutable, Alias("Rejection.PriceChanged")]
    public sealed record PriceChanged(ImmutableArray<PriceChange> Changes) : Rejection;

    /// <summary>SKUs that do not exist.</summary>
    [GenerateSerializer, Immutable, Alias("Rejection.UnknownSkus")]
    public sealed record UnknownSkus(ImmutableArray<Sku> Skus) : Rejection;

    /// <summary>SKUs that are not for sale, or not in this currency, or not now.</summary>
    [GenerateSerializer, Immutable, Alias("Rejection.NotForSale")]
    public sealed record NotForSale(ImmutableArray<Sku> Skus, string Reason) : Rejection;

    /// <summary>The customer may not have as many.</summary>
    [GenerateSerializer, Immutable, Alias("Rejection.LimitReached")]
    public sealed record LimitReached(Sku Sku, int Limit, long Remaining) : Rejection;

    /// <summary>A coupon does not apply.</summary>
    [GenerateSerializer, Immutable, Alias("Rejection.CouponRejected")]
    public sealed record CouponRejected(CouponCode Code, CouponRejection Reason) : Rejection;

    /// <summary>The payment was refused.</summary>
    [GenerateSerializer, Immutable, Alias("Rejection.PaymentDeclined")]
    public sealed record PaymentDeclined(string Reason) : Rejection;

    /// <summary>The payment provider never said how it ended, and the time for it is over.</summary>
    [GenerateSerializer, Immutable, Alias("Rejection.PaymentTimedOut")]
    public sealed record PaymentTimedOut : Rejection;

    /// <summary>The total is not a price that can be charged.</summary>
    [GenerateSerializer, Immutable, Alias("Rejection.BadTotal")]
    public sealed record BadTotal(string Reason) : Rejection;
}

/// <summary>What an order command came to.</summary>
[GenerateSerializer, Immutable, Alias("OrderAnswer")]
public abstract record OrderAnswer
{
    /// <summary>The order as it is now.</summary>
    [GenerateSerializer, Immutable, Alias("OrderAnswer.Ok")]
    public sealed record Ok(OrderView Order) : OrderAnswer;

    /// <summary>The checkout came to nothing.</summary>
    [GenerateSerializer, Immutable, Alias("OrderAnswer.Rejected")]
    public sealed record Rejected(Rejection Reason) : OrderAnswer;

    /// <summary>A waiting room is before this SKU; nothing happened.</summary>
    [GenerateSerializer, Immutable, Alias("OrderAnswer.Barred")]
    public sealed record Barred(Sku Sku) : OrderAnswer;

    /// <summary>No such order, or not for this caller.</summary>
    [GenerateSerializer, Immutable, Alias("OrderAnswer.NotFound")]
    public sealed record NotFound : OrderAnswer;

    /// <summary>The same command is still running.</summary>
    [GenerateSerializer, Immutable, Alias("OrderAnswer.InProgress")]
    public sealed record InProgress : OrderAnswer;

    /// <summary>The order was taken for new and is not. Units may be held for it until somebody asks in the ordinary way or their time is over.</summary>
    [GenerateSerializer, Immutable, Alias("OrderAnswer.Known")]
    public sealed record Known : OrderAnswer;

    /// <summary>The id was used for another command.</summary>
    [GenerateSerializer, Immutable, Alias("OrderAnswer.OtherCommand")]
    public sealed record OtherCommand : OrderAnswer;

    /// <summary>The order is in another state than the command needs.</summary>
    [GenerateSerializer, Immutable, Alias("OrderAnswer.IllegalState")]
    public sealed record IllegalState(OrderStatus Status, string Reason) : OrderAnswer;

    /// <summary>A rule says no: more than was bought, more than was captured.</summary>
    [GenerateSerializer, Immutable, Alias("OrderAnswer.RuleBroken")]
    public sealed record RuleBroken(string Code, string Reason) : OrderAnswer;
}
