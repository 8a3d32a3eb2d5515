using Shop.Orders;

namespace Shop.Carts;

/// <summary>A cart; its key is the cart id. It remembers the price at which each line was put in.</summary>
[Alias("Cart")]
public interface ICartGrain : IGrainWithStringKey
{
    /// <summary>Opens the cart. Opened again by the same owner, it is the same cart.</summary>
    Task<CartAnswer> Create(CreateCart command);

    /// <summary>Sets the quantity of a SKU.</summary>
    Task<CartAnswer> SetLine(Caller caller, Sku sku, int quantity, long? expectedVersion);

    /// <summary>Takes a SKU out.</summary>
    Task<CartAnswer> RemoveLine(Caller caller, Sku sku, long? expectedVersion);

    /// <summary>Puts a coupon on; its use is taken at checkout.</summary>
    Task<CartAnswer> AddCoupon(Caller caller, CouponCode code);

    /// <summary>Takes a coupon off.</summary>
    Task<CartAnswer> RemoveCoupon(Caller caller, CouponCode code);

    /// <summary>Takes over the lines of another cart of the same caller, for instance after sign-in.</summary>
    Task<CartAnswer> Merge(Caller caller, CartId from);

    /// <summary>Gives the cart, which belonged to a session, to the customer behind it.</summary>
    Task<CartAnswer> Claim(Caller caller);

    /// <summary>Ends the cart, because another one has taken its lines.</summary>
    Task<CartAnswer> Close(Caller caller, CartId into);

    /// <summary>The cart, for one who may see it.</summary>
    Task<CartAnswer> Get(Caller caller);

    /// <summary>Turns the cart into an order. While that runs, the cart cannot be changed.</summary>
    Task<CheckoutAnswer> Checkout(CheckoutCart command);

    /// <summary>Goes on with a checkout that was interrupted.</summary>
    Task Resume();
}

/// <summary>Opens a cart for a session or a customer.</summary>
[GenerateSerializer, Immutable, Alias("CreateCart")]
public sealed record CreateCart(string? SessionId, CustomerId? CustomerId, Currency Currency);

/// <summary>Turns a cart into the order with this id.</summary>
[GenerateSerializer, Immutable, Alias("CheckoutCart")]
public sealed record CheckoutCart(
    Caller Caller, OrderId OrderId, string Fingerprint, CustomerId? CustomerId, Contact Contact, string PaymentMethod, string PaymentToken, bool AcceptPriceChanges)
{
    /// <summary>When it was bought, if that is not now: an order of another system that is brought in later.</summary>
    [Id(0)]
    public DateTimeOffset? OccurredAt { get; init; }

    /// <summary>SKUs that this caller may not buy now, because a waiting room is before them.</summary>
    [Id(1)]
    public ImmutableArray<Sku> Barred { get; init; } = [];

    /// <summary>Whether the SKU is one of those; a caller of older software names none.</summary>
    public bool Bars(Sku sku) => !Barred.IsDefaultOrEmpty && Barred.Contains(sku);
}

/// <summary>A line of a cart with the price at which it was put in.</summary>
[GenerateSerializer, Immutable, Alias("CartLine")]
public sealed record CartLine(Sku Sku, ProductId ProductId, string Title, int Quantity, Money UnitPrice, DateTimeOffset PricedAt);

/// <summary>Where a cart stands.</summary>
public enum CartStatus
{
    /// <summary>It can be changed.</summary>
    Open,

    /// <summary>It is being turned into an order.</summary>
    CheckingOut,

    /// <summary>It is an order.</summary>
    CheckedOut,

    /// <summary>Its lines are in another cart.</summary>
    Merged,
}

/// <summary>A cart as it is now.</summary>
[GenerateSerializer, Immutable, Alias("CartView")]
public sealed record CartView(
    CartId Id,
    CartStatus Status,
    CustomerId? CustomerId,
    Currency Currency,
    ImmutableArray<CartLine> Lines,
    ImmutableArray<CouponCode> Coupons,
    Money Subtotal,
    DateTimeOffset ExpiresAt,
    OrderId? OrderId,
    long Version)
{
    /// <summary>What those of its coupons that apply now take off; a checkout decides it again. Older software tells of none.</summary>
    [Id(0)]
    public ImmutableArray<OrderDiscount> Discounts { get; init => field = value.IsDefault ? [] : value; } = [];
}

/// <summary>What a cart command came to.</summary>
[GenerateSerializer, Immutable, Alias("CartAnswer")]
public abstract record CartAnswer
{
    /// <summary>The cart as it is now.</summary>
    [GenerateSerializer, Immutable, Alias("CartAnswer.Ok")]
    public sealed record Ok(CartView Cart) : CartAnswer;

    /// <summary>No such cart, or not for this caller.</summary>
    [GenerateSerializer, Immutable, Alias("CartAnswer.NotFound")]
    public sealed record NotFound : CartAnswer;

    /// <summary>A waiting room is before this SKU; nothing happened.</summary>
    [GenerateSerializer, Immutable, Alias("CartAnswer.Barred")]
    public sealed record Barred(Sku Sku) : CartAnswer;

    /// <summary>No such SKU.</summary>
    [GenerateSerializer, Immutable, Alias("CartAnswer.UnknownSku")]
    public sealed record UnknownSku(Sku Sku) : CartAnswer;

    /// <summary>The cart has expired.</summary>
    [GenerateSerializer, Immutable, Alias("CartAnswer.Expired")]
    public sealed record Expired : CartAnswer;

    /// <summary>The cart is, or is becoming, this order.</summary>
    [GenerateSerializer, Immutable, Alias("CartAnswer.Closed")]
    public sealed record Closed(CartStatus Status, OrderId? OrderId) : CartAnswer;

    /// <summary>It has another version than expected.</summary>
    [GenerateSerializer, Immutable, Alias("CartAnswer.Stale")]
    public sealed record Stale(long Version) : CartAnswer;

    /// <summary>A rule says no.</summary>
    [GenerateSerializer, Immutable, Alias("CartAnswer.RuleBroken")]
    public sealed record RuleBroken(string Code, string Reason) : CartAnswer;
}

/// <summary>What a checkout came to: the cart refused it, or the order answered.</summary>
[GenerateSerializer, Immutable, Alias("CheckoutAnswer")]
public abstract record CheckoutAnswer
{
    /// <summary>The cart refused.</summary>
    [GenerateSerializer, Immutable, Alias("CheckoutAnswer.CartRefused")]
    public sealed record CartRefused(CartAnswer Reason) : CheckoutAnswer;

    /// <summary>The order answered.</summary>
    [GenerateSerializer, Immutable, Alias("CheckoutAnswer.FromOrder")]
    public sealed record FromOrder(OrderAnswer Answer) : CheckoutAnswer;
}
