using Shop.Customers;
using Shop.Payments;
using Shop.Promotions;
using Shop.Stock;

namespace Shop.Orders;

/// <summary>
/// The steps of an order's saga as calls of other grains. Every step may be run again after an interruption: reservations,
/// payment, redemptions and returns carry the order's id, and answer a repetition as they answered the first time.
/// </summary>
internal sealed class CheckoutSaga(OrderId order, IGrainFactory grains, TimeProvider clock, TimeSpan paymentWindow, TimeSpan reservationMargin)
{
    // A provider that takes longer than this is no reason to lose what is held in a crash.
    private static readonly TimeSpan TentativeFor = TimeSpan.FromMilliseconds(50);

    private long? _reservedAt;
    private Task<OrderEvent?>? _capturing;

    /// <summary>Whether an activation before this one began: it may have done more than the order's events say.</summary>
    public bool WasInterrupted { get; init; }

    /// <summary>Whether nobody can have asked for the payment yet: the order was begun by who runs its saga now, a moment ago.</summary>
    public bool IsPaymentNew { get; set; }

    private DateTimeOffset Now => clock.GetUtcNow();

    private ReservationId Reservation => new(order.Value);

    /// <summary>Runs a step; the event that it came to, or null when it has to wait for somebody.</summary>
    public Task<OrderEvent?> Run(OrderStep step, OrderState state) => step switch
    {
        OrderStep.Reserve => Reserve(state),
        OrderStep.Authorise => Authorise(state),
        OrderStep.Confirm => Confirm(state),
        OrderStep.Capture => _capturing ?? Capture(state),
        OrderStep.Place => Task.FromResult<OrderEvent?>(Placed(state)),
        OrderStep.Undo => Undo(state),
        OrderStep.RecordHistory => RecordHistory(state),
        OrderStep.BookReturn book => BookReturn(state, state.Returns.First(r => r.Id == book.ReturnId)),
        OrderStep.BookRefund book => BookRefund(state, state.Refunds.First(r => r.Id == book.RefundId)),
        _ => throw new InvalidOperationException($"{step} is not a step."),
    };

    private OrderEvent.Placed Placed(OrderState state) => new(Now)
    {
        Order = new PlacedOrder(
            state.CustomerId, state.SessionId, state.Lines, state.Total, state.Payment, state.Command!.Contact.ShippingAddress?.Country, state.Command.OccurredAt ?? Now),
    };

    private async Task<OrderEvent?> Reserve(OrderState state)
    {
        Task<StockAnswer[]> reserving = Task.WhenAll(state.Lines.Select(l => Reserve(state, l, isTentative: true)));
        (ImmutableArray<OrderDiscount> discounts, Rejection? rejection) = await Redeem(state);
        StockAnswer[] answers = await reserving;
        _reservedAt = clock.GetTimestamp();
        rejection ??= Refusal(state, answers);
        if (rejection is not null) return new OrderEvent.CheckoutFailed(rejection, Now);
        Money off = new(discounts.Sum(d => d.Amount.Minor), state.LinesTotal.Currency);
        return off.Minor > state.LinesTotal.Minor
            ? new OrderEvent.CheckoutFailed(new Rejection.BadTotal("the coupons take off more than the lines cost"), Now)
            : new OrderEvent.StockReserved(discounts, state.LinesTotal - off, Now);
    }

    private Task<StockAnswer> Reserve(OrderState state, OrderLine line, bool isTentative) => Stock(line.Sku).Reserve(
        new ReserveStock(Reservation, line.Quantity, paymentWindow + reservationMargin, state.CustomerId) { IsTentative = isTentative });

    private async Task<(ImmutableArray<OrderDiscount> Discounts, Rejection? Rejection)> Redeem(OrderState state)
    {
        ImmutableArray<CouponCode> codes = state.Command!.Coupons;
        ImmutableArray<OrderDiscount>.Builder discounts = ImmutableArray.CreateBuilder<OrderDiscount>();
        foreach (CouponCode code in codes)
        {
            PromotionAnswer answer = await grains.GetGrain<IPromotionGrain>(code.Value)
                .Redeem(new CouponUse(order, state.CustomerId, state.LinesTotal, codes.Length > 1));
            if (answer is PromotionAnswer.Applies applies) discounts.Add(new OrderDiscount(code, applies.Discount));
            else return ([], new Rejection.CouponRejected(code, answer is PromotionAnswer.Rejected no ? no.Reason : CouponRejection.Unknown));
        }

        return (discounts.ToImmutable(), null);
    }

    private static Rejection? Refusal(OrderState state, StockAnswer[] answers)
    {
        ImmutableArray<Shortage>.Builder shortages = ImmutableArray.CreateBuilder<Shortage>();
        for (int i = 0; i < answers.Length; i++)
        {
            OrderLine line = state.Lines[i];
            switch (answers[i])
            {
                case StockAnswer.Reserved or StockAnswer.Confirmed:
                    break;
                case StockAnswer.OutOfStock shortage:
                    shortages.Add(new Shortage(line.Sku, line.Quantity, shortage.Available));
                    break;
                case StockAnswer.LimitReached limit:
                    return new Rejection.LimitReached(line.Sku, limit.Limit, limit.Remaining);
                case StockAnswer.SaleClosed closed:
                    return new Rejection.NotForSale([line.Sku], closed.OpensAt is { } at ? $"on sale from {at:O}" : "the sale is over");
                default:
                    // Never received, or the hold ran out while the saga was interrupted.
                    shortages.Add(new Shortage(line.Sku, line.Quantity, 0));
                    break;
            }
        }

        return shortages.Count > 0 ? new Rejection.OutOfStock(shortages.ToImmutable()) : null;
    }

    private async Task<OrderEvent?> Authorise(OrderState state)
    {
        if (state.Total.Minor == 0) return new OrderEvent.PaymentAuthorised(Now);
        PlaceOrder command = state.Command!;
        var authorise = new AuthorisePayment(state.Total, command.PaymentMethod, command.PaymentToken) { IsFirst = IsPaymentNew };
        IsPaymentNew = false;
        Task<PaymentAnswer> authorising = Payment.Authorise(authorise);
        // An answer takes the timer along: one of each checkout that fires for nobody wakes up a thread and lives for as long.
        await ((Task)authorising).WaitAsync(TentativeFor, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (authorising is not { IsCompletedSuccessfully: true, Result: not PaymentAnswer.Pending }) await Task.WhenAll(state.Lines.Select(l => Reserve(state, l, isTentative: false)));
        switch (await authorising)
        {
            case PaymentAnswer.Ok:
                return new OrderEvent.PaymentAuthorised(Now);
            case PaymentAnswer.Declined declined:
                return new OrderEvent.CheckoutFailed(new Rejection.PaymentDeclined(declined.Reason), Now);
            case PaymentAnswer.Pending when Now - state.CreatedAt < paymentWindow:
                return null;
            default:
                return new OrderEvent.CheckoutFailed(new Rejection.PaymentTimedOut(), Now);
        }
    }

    private async Task<OrderEvent?> Confirm(OrderState state)
    {
        Task<StockAnswer[]> confirming = Task.WhenAll(state.Lines.Select(l => Confirm(state, l)));
        // What was held a moment ago still is, unless its silo has crashed since, and then the money is given back. So it is taken while the sale becomes durable.
        if (_reservedAt is { } at && clock.GetElapsedTime(at) < TentativeFor)
        {
            _capturing = Capture(state);
            // Nothing is undone while it is under way; what came of it is the next step's.
            await ((Task)_capturing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        StockAnswer[] answers = await confirming;
        ImmutableArray<Shortage> gone = [.. state.Lines.Zip(answers).Where(p => p.Second is not StockAnswer.Confirmed).Select(p => new Shortage(p.First.Sku, p.First.Quantity, 0))];
        return gone.Length == 0 ? new OrderEvent.StockConfirmed(Now) : new OrderEvent.CheckoutFailed(new Rejection.OutOfStock(gone), Now);
    }

    private async Task<StockAnswer> Confirm(OrderState state, OrderLine line)
    {
        StockAnswer answer = await Stock(line.Sku).Confirm(Reservation);
        // A crash may have made the stock forget what it held tentatively.
        if (answer is not StockAnswer.NoReservation || await Reserve(state, line, isTentative: true) is not StockAnswer.Reserved) return answer;
        return await Stock(line.Sku).Confirm(Reservation);
    }

    private async Task<OrderEvent?> Capture(OrderState state)
    {
        if (state.Total.Minor == 0) return new OrderEvent.PaymentCaptured(Now);
        PaymentAnswer answer = await Payment.Capture();
        if (answer is PaymentAnswer.Illegal { Status: PaymentStatus.None or PaymentStatus.Pending })
        {
            // A crash made the payment forget its approval, or that it asked. The provider is asked again, under the same id, and says the same.
            if (await Authorise(state) is not OrderEvent.PaymentAuthorised and var other) return other;
            answer = await Payment.Capture();
        }

        return answer is PaymentAnswer.Ok ? new OrderEvent.PaymentCaptured(Now) : new OrderEvent.CheckoutFailed(new Rejection.PaymentTimedOut(), Now);
    }

    // In reverse: money first, then stock, then coupons. What was never taken answers that there is nothing to give back.
    private async Task<OrderEvent?> Undo(OrderState state)
    {
        (PaymentStatus payment, long refunded) = await UndoPayment(state);
        await Task.WhenAll(state.Lines.Select(l => UndoStock(state, l)));
        await Task.WhenAll(state.Command!.Coupons.Select(c => grains.GetGrain<IPromotionGrain>(c.Value).Release(order)));
        return new OrderEvent.Undone(payment, refunded, Now) { PlacedIn = state.UndoneFrom == OrderPhase.Placed ? state.Total.Currency : null };
    }

    private async Task<(PaymentStatus Payment, long RefundedMinor)> UndoPayment(OrderState state)
    {
        if (state.Total.Minor == 0 || (state.UndoneFrom < OrderPhase.Reserved && !WasInterrupted)) return (PaymentStatus.None, 0);
        if (await Payment.Get() is PaymentAnswer.Ok { Payment.Status: PaymentStatus.Declined }) return (PaymentStatus.Declined, 0);
        PaymentAnswer answer = await Payment.Void();
        if (answer is PaymentAnswer.Ok { Payment.Status: var status }) return (status, 0);
        long left = state.Refundable.Minor;
        if (left > 0 && await Payment.Refund("cancel", new Money(left, state.Total.Currency)) is not PaymentAnswer.Ok)
            throw new InvalidOperationException($"The payment of order {order} could not be refunded.");
        return (PaymentStatus.Captured, left);
    }

    private async Task UndoStock(OrderState state, OrderLine line)
    {
        StockAnswer answer = await Stock(line.Sku).Release(Reservation);
        if (answer is StockAnswer.ReservationClosed { Status: ReservationStatus.Confirmed })
        {
            answer = await Stock(line.Sku).Return(new ReturnStock($"{order}:cancel", line.Quantity, Restock: true));
            if (answer is not StockAnswer.Done) throw new InvalidOperationException($"Order {order} could not return {line.Sku}.");
        }
    }

    private async Task<OrderEvent?> RecordHistory(OrderState state)
    {
        await grains.GetGrain<ICustomerGrain>(state.CustomerId!.Value.Value).RecordOrder(order, state.CreatedAt);
        return new OrderEvent.HistoryRecorded(Now);
    }

    private async Task<OrderEvent?> BookReturn(OrderState state, OrderReturn booking)
    {
        foreach (LineQuantity line in booking.Lines)
        {
            StockAnswer answer = await Stock(line.Sku).Return(new ReturnStock($"{order}:{booking.Id}", line.Quantity, booking.Restock));
            if (answer is not StockAnswer.Done) throw new InvalidOperationException($"Order {order} could not return {line.Sku}.");
        }

        return new OrderEvent.ReturnBooked(booking.Id, Now) { Lines = booking.Lines, CustomerId = state.CustomerId, OccurredAt = booking.At };
    }

    private async Task<OrderEvent?> BookRefund(OrderState state, OrderRefund refund)
    {
        PaymentAnswer answer = await Payment.Refund(refund.Id, refund.Amount);
        return answer is PaymentAnswer.Ok
            ? new OrderEvent.RefundBooked(refund.Id, Now) { Amount = refund.Amount, CustomerId = state.CustomerId, OccurredAt = refund.At }
            : throw new InvalidOperationException($"The payment of order {order} refused a refund of {refund.Amount}.");
    }

    private IPaymentGrain Payment => grains.GetGrain<IPaymentGrain>(order.Value);

    private IStockGrain Stock(Sku sku) => grains.GetGrain<IStockGrain>(sku.Value);
}
