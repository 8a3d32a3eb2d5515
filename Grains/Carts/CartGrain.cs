using Microsoft.Extensions.Options;
using Shop.Catalog;
using Shop.Orders;
using Shop.Promotions;
using Decision = Shop.Journaling.Decision<Shop.Carts.CartEvent, Shop.Carts.CartAnswer>;

namespace Shop.Carts;

/// <inheritdoc cref="ICartGrain"/>
[Reentrant, GrainType("cart")]
public sealed class CartGrain(
    JournalServices services,
    IOptions<CartOptions> options)
    : EventSourcedGrain<CartState, CartEvent>(services), ICartGrain
{
    private bool _checkingOut;

    private CartId Id => new(this.GetPrimaryKeyString());

    /// <inheritdoc/>
    public Task<CartAnswer> Create(CreateCart command) => Run(CartDecider.Create(State, command, Now));

    /// <inheritdoc/>
    public async Task<CartAnswer> SetLine(Caller caller, Sku sku, int quantity, long? expectedVersion)
    {
        Offer? offer = await GrainFactory.GetGrain<IOfferGrain>(sku.Value).Get();
        return await Change(caller, expectedVersion, () => CartDecider.SetLine(State, sku, quantity, offer, Now));
    }

    /// <inheritdoc/>
    public Task<CartAnswer> RemoveLine(Caller caller, Sku sku, long? expectedVersion) =>
        Change(caller, expectedVersion, () => CartDecider.RemoveLine(State, sku, Now));

    /// <inheritdoc/>
    public async Task<CartAnswer> AddCoupon(Caller caller, CouponCode code)
    {
        if (Refuse(caller, null) is { } refused) return refused;
        bool withOthers = State.Coupons.Any(c => c != code);
        foreach (CouponCode each in State.Coupons.Where(c => c != code).Append(code))
        {
            PromotionAnswer answer = await Check(each, State.CustomerId, State.Subtotal, withOthers);
            if (answer is PromotionAnswer.Rejected rejected) return new CartAnswer.RuleBroken($"coupon-{rejected.Reason}", $"Coupon {each} does not apply: {rejected.Reason}.");
        }

        return await Change(caller, null, () => CartDecider.AddCoupon(State, code, Now));
    }

    /// <inheritdoc/>
    public Task<CartAnswer> RemoveCoupon(Caller caller, CouponCode code) => Change(caller, null, () =>
        State.Coupons.Contains(code) ? Decision.Do(new CartEvent.CouponRemoved(code, Now)) : Decision.Do());

    /// <inheritdoc/>
    public async Task<CartAnswer> Merge(Caller caller, CartId from)
    {
        if (Refuse(caller, null) is { } refused) return refused;
        if (from == Id) return new CartAnswer.RuleBroken("same-cart", "A cart cannot be merged with itself.");
        if (await Cart(from).Get(caller) is not CartAnswer.Ok other) return new CartAnswer.NotFound();
        CartAnswer answer = await Change(caller, null, () => CartDecider.Merge(State, other.Cart, Now));
        if (answer is CartAnswer.Ok) await FinishMerge();
        return answer is CartAnswer.Ok ? await Run(Decision.Do()) : answer;
    }

    /// <inheritdoc/>
    public Task<CartAnswer> Claim(Caller caller) => Change(caller, null, () =>
        caller.CustomerId is not { } customer || State.CustomerId == customer ? Decision.Do() : Decision.Do(new CartEvent.Claimed(customer, Now)));

    /// <inheritdoc/>
    public Task<CartAnswer> Close(Caller caller, CartId into) => State.Status == CartStatus.Merged
        ? Run(Decision.Do())
        : Change(caller, null, () => Decision.Do(new CartEvent.MergedInto(into, Now)));

    /// <inheritdoc/>
    public Task<CartAnswer> Get(Caller caller)
    {
        CartAnswer? refused = Refuse(caller, null);
        return Run(refused is CartAnswer.NotFound or CartAnswer.Expired ? Decision.Say(refused) : Decision.Do());
    }

    /// <inheritdoc/>
    public async Task<CheckoutAnswer> Checkout(CheckoutCart command)
    {
        if (_checkingOut) return Refused(State.OrderId == command.OrderId ? null : new CartAnswer.Closed(State.Status, State.OrderId));
        _checkingOut = true;
        try
        {
            // A checkout that was interrupted is settled first, unless this is its own retry.
            if (State.Status == CartStatus.CheckingOut && State.OrderId != command.OrderId) await FinishCheckout();
            CartAnswer? refused = Refuse(command.Caller, null);
            if (refused is CartAnswer.Closed && State.OrderId == command.OrderId) return new CheckoutAnswer.FromOrder(await PlaceOrder(command));
            if (refused is not null) return Refused(refused);
            if (State.Lines.IsEmpty) return Refused(new CartAnswer.RuleBroken("cart-empty", "The cart is empty."));
            if (State.Lines.FirstOrDefault(l => command.Bars(l.Sku)) is { } barred) return Refused(new CartAnswer.Barred(barred.Sku));
            await Commit(new CartEvent.CheckoutStarted(command.OrderId, Now));
            return new CheckoutAnswer.FromOrder(await PlaceOrder(command));
        }
        finally
        {
            _checkingOut = false;
        }
    }

    /// <inheritdoc/>
    public async Task Resume()
    {
        if (State.Merging is not null) await FinishMerge();
        if (_checkingOut) return;
        _checkingOut = true;
        try
        {
            await FinishCheckout();
        }
        finally
        {
            _checkingOut = false;
        }
    }

    private static CheckoutAnswer Refused(CartAnswer? reason) =>
        reason is null ? new CheckoutAnswer.FromOrder(new OrderAnswer.InProgress()) : new CheckoutAnswer.CartRefused(reason);

    private CartAnswer? Refuse(Caller caller, long? expectedVersion) =>
        CartDecider.RefuseChange(State, caller, Version, expectedVersion, options.Value.Lifetime, Now);

    private Task<CartAnswer> Change(Caller caller, long? expectedVersion, Func<Decision> decide) =>
        Run(Refuse(caller, expectedVersion) is { } refused ? Decision.Say(refused) : decide());

    private async Task<CartAnswer> Run(Decision decision)
    {
        Task durable = Commit(decision.Events.AsSpan());
        CartView view = new(Id, State.Status, State.CustomerId, State.Currency, State.Lines, State.Coupons, State.Subtotal, State.ChangedAt + options.Value.Lifetime, State.OrderId, Version);
        await durable;
        return decision.Answer ?? new CartAnswer.Ok(view.Coupons.IsEmpty ? view : view with { Discounts = await Discounts(view) });
    }

    private async Task<ImmutableArray<OrderDiscount>> Discounts(CartView cart)
    {
        PromotionAnswer[] answers = await Task.WhenAll(cart.Coupons.Select(c => Check(c, cart.CustomerId, cart.Subtotal, cart.Coupons.Length > 1)));
        return [.. cart.Coupons.Zip(answers).Where(a => a.Second is PromotionAnswer.Applies).Select(a => new OrderDiscount(a.First, ((PromotionAnswer.Applies)a.Second).Discount))];
    }

    private Task<PromotionAnswer> Check(CouponCode code, CustomerId? customer, Money total, bool withOthers) =>
        GrainFactory.GetGrain<IPromotionGrain>(code.Value).Check(new CouponUse(new OrderId($"cart-{Id}"), customer, total, withOthers));

    // The lines cannot change while this runs, so what is charged is what the cart shows.
    private async Task<OrderAnswer> PlaceOrder(CheckoutCart command)
    {
        var order = new PlaceOrder(
            command.Fingerprint, State.SessionId, command.CustomerId ?? State.CustomerId, Id,
            [.. State.Lines.Select(l => new LineRequest(l.Sku, l.Quantity, command.AcceptPriceChanges ? null : l.UnitPrice))],
            State.Coupons, State.Currency, command.Contact, command.PaymentMethod, command.PaymentToken)
        {
            OccurredAt = command.OccurredAt,
        };
        OrderAnswer answer = await GrainFactory.GetGrain<IOrderGrain>(command.OrderId.Value).PlaceAsync(order);
        await Settle(answer);
        return answer;
    }

    private async Task FinishCheckout()
    {
        if (State.Status == CartStatus.CheckingOut) await Settle(await GrainFactory.GetGrain<IOrderGrain>(State.OrderId!.Value.Value).Resume());
    }

    private Task Settle(OrderAnswer answer)
    {
        if (State.Status != CartStatus.CheckingOut) return Durable();
        OrderId order = State.OrderId!.Value;
        return answer switch
        {
            OrderAnswer.Ok { Order.Status: OrderStatus.Pending } or OrderAnswer.InProgress => Durable(),
            OrderAnswer.Ok => Commit(new CartEvent.CheckedOut(order, Now)),
            _ => Commit(new CartEvent.CheckoutFailed(order, Now)),
        };
    }

    private async Task FinishMerge()
    {
        if (State.Merging is not { } from) return;
        await Cart(from).Close(Caller.Admin, Id);
        if (State.Merging == from) await Commit(new CartEvent.MergeFinished(Now));
    }

    private ICartGrain Cart(CartId id) => GrainFactory.GetGrain<ICartGrain>(id.Value);
}
