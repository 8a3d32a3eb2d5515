using Shop.Payments;

namespace Shop.Orders;

/// <summary>How far an order is. Each phase is entered once, in this order, or left for the end.</summary>
public enum OrderPhase
{
    /// <summary>Nothing is known of it.</summary>
    None,

    /// <summary>The checkout began.</summary>
    Started,

    /// <summary>Stock is held.</summary>
    Reserved,

    /// <summary>Money is held.</summary>
    Authorised,

    /// <summary>Stock is sold.</summary>
    Confirmed,

    /// <summary>Money is taken.</summary>
    Captured,

    /// <summary>The checkout is complete.</summary>
    Placed,

    /// <summary>The checkout failed or the order was cancelled, and what was taken is being given back.</summary>
    Undoing,

    /// <summary>What was taken has been given back, or nothing was ever taken.</summary>
    Ended,
}

/// <summary>What the saga does next.</summary>
public abstract record OrderStep
{
    /// <summary>Hold every SKU and take every coupon.</summary>
    public sealed record Reserve : OrderStep;

    /// <summary>Have the total held.</summary>
    public sealed record Authorise : OrderStep;

    /// <summary>Turn what is held into sales.</summary>
    public sealed record Confirm : OrderStep;

    /// <summary>Take the money.</summary>
    public sealed record Capture : OrderStep;

    /// <summary>Complete the checkout.</summary>
    public sealed record Place : OrderStep;

    /// <summary>Give everything back that was taken.</summary>
    public sealed record Undo : OrderStep;

    /// <summary>Tell the customer's history.</summary>
    public sealed record RecordHistory : OrderStep;

    /// <summary>Put returned units back.</summary>
    public sealed record BookReturn(string ReturnId) : OrderStep;

    /// <summary>Give money back.</summary>
    public sealed record BookRefund(string RefundId) : OrderStep;
}

/// <summary>A return, and whether the stock has it.</summary>
public sealed record OrderReturn(string Id, ImmutableArray<LineQuantity> Lines, bool Restock, bool Booked, DateTimeOffset At);

/// <summary>A refund, and whether the payment has it.</summary>
public sealed record OrderRefund(string Id, Money Amount, string? Reason, bool Booked, DateTimeOffset At);

/// <summary>A shipment.</summary>
public sealed record OrderFulfilment(string Id, ImmutableArray<LineQuantity> Lines, string? Tracking, DateTimeOffset At);

/// <summary>An order. Total = lines − discounts; refunds ≤ captured; returned ≤ fulfilled ≤ bought, a SKU.</summary>
public sealed record OrderState : IEventSourced<OrderState, OrderEvent>
{
    /// <inheritdoc/>
    public static OrderState Empty { get; } = new();

    /// <inheritdoc/>
    public static JsonSerializerContext Json => OrderJson.Default;

    /// <inheritdoc/>
    public static object? Tell(OrderEvent @event, object? last) => @event is
        OrderEvent.CheckoutStarted or OrderEvent.Placed or OrderEvent.Undone or OrderEvent.Fulfilled or OrderEvent.ReturnBooked or OrderEvent.RefundBooked ? @event : null;

    /// <summary>How far it is.</summary>
    public OrderPhase Phase { get; init; }

    /// <summary>The phase in which it failed or was cancelled: what has to be undone.</summary>
    public OrderPhase UndoneFrom { get; init; }

    /// <summary>Tells a retry from another command.</summary>
    public string Fingerprint { get; init; } = "";

    /// <summary>The session that bought.</summary>
    public string? SessionId { get; init; }

    /// <summary>The customer who bought; null for a guest.</summary>
    public CustomerId? CustomerId { get; init; }

    /// <summary>What was asked for; null when it was refused at once.</summary>
    public PlaceOrder? Command { get; init; }

    /// <summary>When the checkout began.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>The lines at the prices that are charged.</summary>
    public ImmutableArray<OrderLine> Lines { get; init; } = [];

    /// <summary>The sum of the lines.</summary>
    public Money LinesTotal { get; init; }

    /// <summary>What coupons took off.</summary>
    public ImmutableArray<OrderDiscount> Discounts { get; init; } = [];

    /// <summary>What is charged.</summary>
    public Money Total { get; init; }

    /// <summary>Where the payment stands, refunds aside.</summary>
    public PaymentStatus Payment { get; init; }

    /// <summary>Why the checkout came to nothing.</summary>
    public Rejection? Rejection { get; init; }

    /// <summary>Why it was cancelled.</summary>
    public string? CancelReason { get; init; }

    /// <summary>Whether the customer's history has it.</summary>
    public bool InHistory { get; init; }

    /// <summary>Shipments.</summary>
    public ImmutableArray<OrderFulfilment> Fulfilments { get; init; } = [];

    /// <summary>Returns.</summary>
    public ImmutableArray<OrderReturn> Returns { get; init; } = [];

    /// <summary>Refunds.</summary>
    public ImmutableArray<OrderRefund> Refunds { get; init; } = [];

    /// <summary>What the saga does next; null when it has come to rest.</summary>
    [JsonIgnore]
    public OrderStep? NextStep => Phase switch
    {
        OrderPhase.Started => new OrderStep.Reserve(),
        OrderPhase.Reserved => new OrderStep.Authorise(),
        OrderPhase.Authorised => new OrderStep.Confirm(),
        OrderPhase.Confirmed => new OrderStep.Capture(),
        OrderPhase.Captured => new OrderStep.Place(),
        OrderPhase.Undoing => new OrderStep.Undo(),
        OrderPhase.Placed when CustomerId is not null && !InHistory => new OrderStep.RecordHistory(),
        OrderPhase.Placed when Returns.FirstOrDefault(r => !r.Booked) is { } open => new OrderStep.BookReturn(open.Id),
        OrderPhase.Placed when Refunds.FirstOrDefault(r => !r.Booked) is { } open => new OrderStep.BookRefund(open.Id),
        _ => null,
    };

    /// <inheritdoc/>
    [JsonIgnore]
    public bool HasWork => NextStep is not null;

    /// <summary>
    /// Whether it is placed and nothing has happened to it since. Its beginning, its sales and its payment are durable in their grains then, and whoever goes on
    /// from those comes to the same: callers need not wait until its own last events are durable, too.
    /// </summary>
    [JsonIgnore]
    public bool IsJustPlaced => Phase == OrderPhase.Placed && Fulfilments.IsEmpty && Returns.IsEmpty && Refunds.IsEmpty;

    /// <summary>The status that callers see.</summary>
    [JsonIgnore]
    public OrderStatus Status => Phase switch
    {
        OrderPhase.Undoing or OrderPhase.Ended => OrderStatus.Cancelled,
        OrderPhase.Placed when AllReturned => OrderStatus.Returned,
        OrderPhase.Placed when AllFulfilled => OrderStatus.Fulfilled,
        OrderPhase.Placed => OrderStatus.Placed,
        _ => OrderStatus.Pending,
    };

    /// <summary>What may still be refunded: captured less all refunds asked for.</summary>
    [JsonIgnore]
    public Money Refundable => Total - new Money(Refunds.Sum(r => r.Amount.Minor), Total.Currency);

    /// <summary>What was refunded.</summary>
    [JsonIgnore]
    public Money Refunded => new(Refunds.Where(r => r.Booked).Sum(r => r.Amount.Minor), Total.Currency);

    private bool AllFulfilled => Fulfilments.Length > 0 && Lines.All(l => FulfilledOf(l.Sku) == l.Quantity);

    private bool AllReturned => Returns.Length > 0 && Lines.All(l => ReturnedOf(l.Sku) == l.Quantity);

    /// <summary>Units of a SKU that were bought.</summary>
    public int BoughtOf(Sku sku) => Lines.Where(l => l.Sku == sku).Sum(l => l.Quantity);

    /// <summary>Units of a SKU that were shipped.</summary>
    public int FulfilledOf(Sku sku) => Fulfilments.SelectMany(f => f.Lines).Where(l => l.Sku == sku).Sum(l => l.Quantity);

    /// <summary>Units of a SKU that came back.</summary>
    public int ReturnedOf(Sku sku) => Returns.SelectMany(r => r.Lines).Where(l => l.Sku == sku).Sum(l => l.Quantity);

    /// <inheritdoc/>
    public OrderState Apply(OrderEvent @event) => @event switch
    {
        OrderEvent.CheckoutRefused e => Enter(OrderPhase.None, OrderPhase.Ended) with
        {
            Fingerprint = e.Fingerprint,
            SessionId = e.SessionId,
            CustomerId = e.CustomerId,
            Rejection = e.Reason,
            CreatedAt = e.At,
        },
        OrderEvent.CheckoutStarted e => Enter(OrderPhase.None, OrderPhase.Started) with
        {
            Fingerprint = e.Command.Fingerprint,
            SessionId = e.Command.SessionId,
            CustomerId = e.Command.CustomerId,
            Command = e.Command,
            Lines = e.Lines,
            LinesTotal = e.LinesTotal,
            Total = e.LinesTotal,
            CreatedAt = e.At,
        },
        OrderEvent.StockReserved e => Enter(OrderPhase.Started, OrderPhase.Reserved) with { Discounts = e.Discounts, Total = e.Total, Payment = PaymentStatus.Pending },
        OrderEvent.PaymentAuthorised => Enter(OrderPhase.Reserved, OrderPhase.Authorised) with { Payment = PaymentStatus.Authorised },
        OrderEvent.StockConfirmed => Enter(OrderPhase.Authorised, OrderPhase.Confirmed),
        OrderEvent.PaymentCaptured => Enter(OrderPhase.Confirmed, OrderPhase.Captured) with { Payment = PaymentStatus.Captured },
        OrderEvent.Placed => Enter(OrderPhase.Captured, OrderPhase.Placed),
        OrderEvent.CheckoutFailed e => Undo(e.Reason, null),
        OrderEvent.CancelRequested e => Undo(null, e.Reason),
        OrderEvent.Undone e => Enter(OrderPhase.Undoing, OrderPhase.Ended) with
        {
            Payment = e.Payment,
            Refunds = e.RefundedMinor == 0 ? Refunds : Refunds.Add(new OrderRefund("cancel", new Money(e.RefundedMinor, Total.Currency), CancelReason, true, e.At)),
        },
        OrderEvent.HistoryRecorded => this with { InHistory = true },
        OrderEvent.Fulfilled e => this with { Fulfilments = Fulfilments.Add(new OrderFulfilment(e.FulfilmentId, e.Lines, e.Tracking, e.At)) },
        OrderEvent.ReturnRequested e => this with { Returns = Returns.Add(new OrderReturn(e.ReturnId, e.Lines, e.Restock, false, e.OccurredAt ?? e.At)) },
        OrderEvent.ReturnBooked e => this with { Returns = [.. Returns.Select(r => r.Id == e.ReturnId ? r with { Booked = true } : r)] },
        OrderEvent.RefundRequested e => this with { Refunds = Refunds.Add(new OrderRefund(e.RefundId, e.Amount, e.Reason, false, e.OccurredAt ?? e.At)) },
        OrderEvent.RefundBooked e => this with { Refunds = [.. Refunds.Select(r => r.Id == e.RefundId ? r with { Booked = true } : r)] },
        _ => throw new InvalidOperationException($"{@event.GetType()} is not an order event."),
    };

    /// <inheritdoc/>
    public void AssertInvariants()
    {
        if (Phase is OrderPhase.None || Lines.IsEmpty) return;
        long lines = Lines.Sum(l => l.Total.Minor);
        if (LinesTotal.Minor != lines) throw new InvalidOperationException($"The lines add up to {lines}, not to {LinesTotal.Minor}.");
        if (Total.Minor != lines - Discounts.Sum(d => d.Amount.Minor) || Total.Minor < 0) throw new InvalidOperationException($"The total {Total.Minor} is not lines less discounts.");
        if (Refundable.Minor < 0) throw new InvalidOperationException("More is refunded than was captured.");
        if (Fulfilments.IsEmpty && Returns.IsEmpty) return;
        foreach (OrderLine line in Lines)
        {
            if (FulfilledOf(line.Sku) > line.Quantity || ReturnedOf(line.Sku) > FulfilledOf(line.Sku))
                throw new InvalidOperationException($"{line.Sku}: {ReturnedOf(line.Sku)} returned of {FulfilledOf(line.Sku)} fulfilled of {line.Quantity} bought.");
        }
    }

    private OrderState Enter(OrderPhase from, OrderPhase to) =>
        Phase == from ? this with { Phase = to } : throw new InvalidOperationException($"An order goes to {to} from {from}, not from {Phase}.");

    private OrderState Undo(Rejection? rejection, string? cancelReason) => Phase is OrderPhase.None or OrderPhase.Undoing or OrderPhase.Ended
        ? throw new InvalidOperationException($"An order that is {Phase} cannot be undone.")
        : this with { Phase = OrderPhase.Undoing, UndoneFrom = Phase, Rejection = rejection, CancelReason = cancelReason };
}
