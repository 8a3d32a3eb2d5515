using Shop.Payments;

namespace Shop.Orders;

/// <summary>What happened to an order.</summary>
[JsonPolymorphic]
[JsonDerivedType(typeof(CheckoutRefused), "order.checkout-refused.1")]
[JsonDerivedType(typeof(CheckoutStarted), "order.checkout-started.1")]
[JsonDerivedType(typeof(StockReserved), "order.stock-reserved.1")]
[JsonDerivedType(typeof(PaymentAuthorised), "order.payment-authorised.1")]
[JsonDerivedType(typeof(StockConfirmed), "order.stock-confirmed.1")]
[JsonDerivedType(typeof(PaymentCaptured), "order.payment-captured.1")]
[JsonDerivedType(typeof(Placed), "order.placed.1")]
[JsonDerivedType(typeof(CheckoutFailed), "order.checkout-failed.1")]
[JsonDerivedType(typeof(CancelRequested), "order.cancel-requested.1")]
[JsonDerivedType(typeof(Undone), "order.undone.1")]
[JsonDerivedType(typeof(HistoryRecorded), "order.history-recorded.1")]
[JsonDerivedType(typeof(Fulfilled), "order.fulfilled.1")]
[JsonDerivedType(typeof(ReturnRequested), "order.return-requested.1")]
[JsonDerivedType(typeof(ReturnBooked), "order.return-booked.1")]
[JsonDerivedType(typeof(RefundRequested), "order.refund-requested.1")]
[JsonDerivedType(typeof(RefundBooked), "order.refund-booked.1")]
public abstract record OrderEvent(DateTimeOffset At)
{
    /// <summary>The checkout was refused before anything was taken.</summary>
    public sealed record CheckoutRefused(string Fingerprint, string? SessionId, CustomerId? CustomerId, Rejection Reason, DateTimeOffset At) : OrderEvent(At);

    /// <summary>The checkout began, with the lines at the prices of this moment.</summary>
    public sealed record CheckoutStarted(PlaceOrder Command, ImmutableArray<OrderLine> Lines, Money LinesTotal, DateTimeOffset At) : OrderEvent(At);

    /// <summary>Every SKU is held and every coupon taken; the total stands.</summary>
    public sealed record StockReserved(ImmutableArray<OrderDiscount> Discounts, Money Total, DateTimeOffset At) : OrderEvent(At);

    /// <summary>The total is held by the payment provider.</summary>
    public sealed record PaymentAuthorised(DateTimeOffset At) : OrderEvent(At);

    /// <summary>Every SKU is sold.</summary>
    public sealed record StockConfirmed(DateTimeOffset At) : OrderEvent(At);

    /// <summary>The total was taken.</summary>
    public sealed record PaymentCaptured(DateTimeOffset At) : OrderEvent(At);

    /// <summary>The checkout is complete.</summary>
    public sealed record Placed(DateTimeOffset At) : OrderEvent(At)
    {
        /// <summary>What was bought; readers of the journal need not look for the events before.</summary>
        public PlacedOrder? Order { get; init; }
    }

    /// <summary>The checkout failed; what was taken is being given back.</summary>
    public sealed record CheckoutFailed(Rejection Reason, DateTimeOffset At) : OrderEvent(At);

    /// <summary>The order is cancelled; what was taken is being given back.</summary>
    public sealed record CancelRequested(string Reason, DateTimeOffset At) : OrderEvent(At);

    /// <summary>What was taken has been given back.</summary>
    public sealed record Undone(PaymentStatus Payment, long RefundedMinor, DateTimeOffset At) : OrderEvent(At)
    {
        /// <summary>The currency of the order, when it had been placed.</summary>
        public Currency? PlacedIn { get; init; }
    }

    /// <summary>The customer's history has the order.</summary>
    public sealed record HistoryRecorded(DateTimeOffset At) : OrderEvent(At);

    /// <summary>Lines were shipped.</summary>
    public sealed record Fulfilled(string FulfilmentId, ImmutableArray<LineQuantity> Lines, string? Tracking, DateTimeOffset At) : OrderEvent(At);

    /// <summary>Lines come back.</summary>
    public sealed record ReturnRequested(string ReturnId, ImmutableArray<LineQuantity> Lines, bool Restock, DateTimeOffset At) : OrderEvent(At)
    {
        /// <summary>When they came, if that is not now.</summary>
        public DateTimeOffset? OccurredAt { get; init; }
    }

    /// <summary>Lines are back in stock.</summary>
    public sealed record ReturnBooked(string ReturnId, DateTimeOffset At) : OrderEvent(At)
    {
        /// <summary>What came back.</summary>
        public ImmutableArray<LineQuantity>? Lines { get; init; }

        /// <summary>Who had bought it.</summary>
        public CustomerId? CustomerId { get; init; }

        /// <summary>When it came back, if that was not when it was booked.</summary>
        public DateTimeOffset? OccurredAt { get; init; }
    }

    /// <summary>Money is to be given back.</summary>
    public sealed record RefundRequested(string RefundId, Money Amount, string? Reason, DateTimeOffset At) : OrderEvent(At)
    {
        /// <summary>When it was agreed, if that is not now.</summary>
        public DateTimeOffset? OccurredAt { get; init; }
    }

    /// <summary>Money was given back.</summary>
    public sealed record RefundBooked(string RefundId, DateTimeOffset At) : OrderEvent(At)
    {
        /// <summary>What was given back.</summary>
        public Money? Amount { get; init; }

        /// <summary>Who had bought.</summary>
        public CustomerId? CustomerId { get; init; }

        /// <summary>When it was given back, if that was not when it was booked.</summary>
        public DateTimeOffset? OccurredAt { get; init; }
    }
}

/// <summary>What a placed order is made of, for readers of the journal. No personal data.</summary>
public sealed record PlacedOrder(
    CustomerId? CustomerId, string? SessionId, ImmutableArray<OrderLine> Lines, Money Total, PaymentStatus Payment, string? Country, DateTimeOffset OccurredAt);

/// <summary>JSON of an order's events and state.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OrderEvent[]))]
[JsonSerializable(typeof(OrderState))]
internal sealed partial class OrderJson : JsonSerializerContext;
