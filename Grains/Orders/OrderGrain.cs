using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Shop.Catalog;
using Shop.Payments;
using Shop.Stock;
using Shop.Streams;
using Decision = Shop.Journaling.Decision<Shop.Orders.OrderEvent, Shop.Orders.OrderAnswer>;

namespace Shop.Orders;

/// <inheritdoc cref="IOrderGrain"/>
[Reentrant, GrainType("order"), CollectionAgeLimit(Minutes = 1)]
public sealed class OrderGrain(
    JournalServices services,
    CrowdWatch crowd,
    RecentOrders recent,
    IOptions<OrderOptions> options,
    IOptions<PaymentOptions> paymentOptions)
    : EventSourcedGrain<OrderState, OrderEvent>(services), IOrderGrain
{
    private bool _isReady;
    private bool _placing;
    private Task? _work;
    private Task _begun = Task.CompletedTask;
    private bool _wasInterrupted;
    private bool _mayBePlaced;
    private bool _isNew;

    private OrderId Id => new(this.GetPrimaryKeyString());

    /// <inheritdoc/>
    protected override bool LoadsLate => true;

    /// <inheritdoc/>
    public async Task<OrderAnswer> Place(PlaceOrder command)
    {
        // Whether it is a retry decides what may be bought. And a coupon that is taken once more for an order that has ended would not be given back.
        if (!command.IsFirst || recent.MayHave(Id) || !command.Coupons.IsEmpty || command.Lines.Any(l => command.Bars(l.Sku))) return await Place(command, isNew: false);
        try
        {
            return await Place(command, isNew: true);
        }
        catch (StaleActivationException)
        {
            // This activation goes, and the next one reads what the journal has.
            return new OrderAnswer.Known();
        }
        catch when (State.Phase == OrderPhase.None)
        {
            // Nothing will say whether it is new.
            DeactivateOnIdle();
            throw;
        }
    }

    private async Task<OrderAnswer> Place(PlaceOrder command, bool isNew)
    {
        crowd.Listen();
        // Before it is taken for new: between that and its first commit nobody may come and be told that there is no such order.
        IReadOnlyDictionary<Sku, Offer?>? offers = isNew ? await Offers(command) : null;
        await Ready(isNew);
        recent.Add(Id);
        if (_placing) return new OrderAnswer.InProgress();
        if (State.Phase != OrderPhase.None && State.Fingerprint != command.Fingerprint)
        {
            await Forget(command.Lines.Select(l => l.Sku).Where(s => State.BoughtOf(s) == 0));
            return new OrderAnswer.OtherCommand();
        }

        if (State.Phase == OrderPhase.None && command.Lines.FirstOrDefault(l => command.Bars(l.Sku)) is { } barred) return new OrderAnswer.Barred(barred.Sku);
        _placing = true;
        try
        {
            if (State.Phase == OrderPhase.None)
            {
                Decision decision = OrderDecider.Start(command, offers ?? await Offers(command), Currency.Parse(options.Value.DefaultCurrency), Now);
                // Not awaited: holding stock may go on at the same time, and nothing is paid before this is durable.
                _begun = Commit(decision.Events.AsSpan());
                _isNew = true;
            }
            else if (State.Phase == OrderPhase.Ended) await Forget(command.Lines.Select(l => l.Sku));

            await Work();
            OrderAnswer answer = await Answer();
            // Thousands a second come to rest here; who asks for one again waits for one look into the journal.
            if (State.NextStep is null) DeactivateOnIdle();
            return answer;
        }
        finally
        {
            _placing = false;
        }
    }

    // What an attempt may hold that took the order for new; the order itself needs it no more, or never did.
    private async Task Forget(IEnumerable<Sku> skus) =>
        await Task.WhenAll(skus.Distinct().Select(s => GrainFactory.GetGrain<IStockGrain>(s.Value).Release(new ReservationId(Id.Value))));

    /// <inheritdoc/>
    public async Task<OrderAnswer> Resume()
    {
        await Ready();
        if (!_placing) await Work();
        return await Answer();
    }

    /// <inheritdoc/>
    public async Task<OrderAnswer> Get(Caller caller)
    {
        await Ready();
        if (State.Command is null || !caller.Owns(State.SessionId, State.CustomerId)) return new OrderAnswer.NotFound();
        await CatchUp();
        OrderView view = View();
        await Durable();
        return new OrderAnswer.Ok(view);
    }

    /// <inheritdoc/>
    public async Task<OrderAnswer> Cancel(Caller caller, string reason)
    {
        await Ready();
        return State.Command is null || !caller.Owns(State.SessionId, State.CustomerId) ? new OrderAnswer.NotFound() : await Run(OrderDecider.Cancel(State, reason, Now));
    }

    /// <inheritdoc/>
    public Task<OrderAnswer> Fulfil(FulfilOrder command) => IfKnown(() => OrderDecider.Fulfil(State, command, Now));

    /// <inheritdoc/>
    public Task<OrderAnswer> Return(ReturnOrder command) => IfKnown(() => OrderDecider.Return(State, command, Now));

    /// <inheritdoc/>
    public Task<OrderAnswer> Refund(RefundOrder command) => IfKnown(() => OrderDecider.Refund(State, command, Now));

    private async Task Ready(bool isNew = false)
    {
        await Loaded(isNew);
        // Of an order that was taken for new, the journal says by this whether it is.
        if (!isNew) await _begun;
        if (_isReady) return;
        (_isReady, _wasInterrupted, _mayBePlaced) = (true, State.HasWork, State is { HasWork: true, Phase: < OrderPhase.Placed });
    }

    private async Task<OrderAnswer> IfKnown(Func<Decision> decide)
    {
        await Ready();
        if (State.Command is null) return new OrderAnswer.NotFound();
        await CatchUp();
        return await Run(decide());
    }

    // After a crash an order may have been answered as placed that does not know of it. Nobody may find it in an earlier state then.
    private async Task CatchUp()
    {
        if (!_mayBePlaced) return;
        if (State.Total.Minor == 0 || await GrainFactory.GetGrain<IPaymentGrain>(Id.Value).Get() is PaymentAnswer.Ok { Payment.Status: PaymentStatus.Captured }) await Work();
        _mayBePlaced = false;
    }

    private async Task<OrderAnswer> Run(Decision decision)
    {
        await Commit(decision.Events.AsSpan());
        if (decision.Answer is { } answer) return answer;
        await Work();
        return await Answer();
    }

    private async Task<OrderAnswer> Answer()
    {
        OrderAnswer answer = State switch
        {
            { Phase: OrderPhase.None } => new OrderAnswer.NotFound(),
            { Rejection: { } reason } => new OrderAnswer.Rejected(reason),
            _ => new OrderAnswer.Ok(View()),
        };
        if (!State.IsJustPlaced) await Durable();
        return answer;
    }

    // One at a time. Each step is idempotent: whoever comes after an interruption does it again and loses nothing.
    private async Task Work()
    {
        if (State.NextStep is null) return;
        try
        {
            await (_work ??= WorkAsync());
        }
        finally
        {
            _work = null;
        }
    }

    private async Task WorkAsync()
    {
        var saga = new CheckoutSaga(Id, GrainFactory, Services.Clock, paymentOptions.Value.PaymentWindow, options.Value.ReservationMargin)
        {
            WasInterrupted = _wasInterrupted,
            IsPaymentNew = _isNew,
        };
        _isNew = false;
        while (State.NextStep is { } step)
        {
            // Money moves only for an order that will be remembered, with its total, and what was taken is given back only for a reason that will be.
            // Otherwise a step need not wait until the one before is durable: after a crash both are done again, and nothing twice.
            if (step is OrderStep.Authorise) await (State.Discounts.IsEmpty ? _begun : Durable());
            if (step is OrderStep.Undo) await Durable();
            if (await saga.Run(step, State) is not { } done) break;
            CommitLater(done);
        }

        if (State.IsJustPlaced) Flush();
        else await Durable();
    }

    private async Task<IReadOnlyDictionary<Sku, Offer?>> Offers(PlaceOrder command)
    {
        Sku[] skus = [.. command.Lines.Select(l => l.Sku).Distinct()];
        Offer?[] offers = await Task.WhenAll(skus.Select(s => GrainFactory.GetGrain<IOfferGrain>(s.Value).Get()));
        return skus.Zip(offers).ToDictionary(p => p.First, p => p.Second);
    }

    private OrderView View()
    {
        PaymentStatus payment = State.Payment == PaymentStatus.Captured && State.Refunded.Minor > 0
            ? State.Refunded == State.Total ? PaymentStatus.Refunded : PaymentStatus.PartiallyRefunded
            : State.Payment;
        return new OrderView(
            Id, Number(Id), State.Status, State.CreatedAt, State.CustomerId, State.Lines, State.Discounts, State.Total, payment, State.Refunded,
            State.Command!.Contact, State.CancelReason ?? State.Rejection?.GetType().Name,
            [.. State.Fulfilments.Select(f => new OrderBooking(f.Id, f.Lines, null, f.At, f.Tracking))],
            [.. State.Returns.Select(r => new OrderBooking(r.Id, r.Lines, null, r.At, null))],
            [.. State.Refunds.Select(r => new OrderBooking(r.Id, [], r.Amount, r.At, r.Reason))],
            Version);
    }

    // A number to read out on the telephone: 50 bits of a hash of the id, without letters that look like others.
    private static string Number(OrderId id)
    {
        const string Letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        ulong bits = BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes(id.Value)));
        return "S" + string.Create(10, bits, static (span, value) =>
        {
            for (int i = 0; i < span.Length; i++, value >>= 5) span[i] = Letters[(int)(value & 31)];
        });
    }
}
