using Decision = Shop.Journaling.Decision<Shop.Stock.StockEvent, Shop.Stock.StockAnswer>;

namespace Shop.Stock;

/// <inheritdoc cref="IStockGrain"/>
[Reentrant, GrainType("stock")]
public sealed class StockGrain(JournalServices services)
    : EventSourcedGrain<StockState, StockEvent>(services), IStockGrain
{
    private IGrainTimer? _expiry;
    private DateTimeOffset _expiryAt = DateTimeOffset.MaxValue;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        ArmExpiry();
    }

    /// <inheritdoc/>
    public Task<StockAnswer> Receive(ReceiveStock command) => Run(StockDecider.Receive(State, command, Now));

    /// <inheritdoc/>
    public Task<StockAnswer> Adjust(AdjustStock command) => Run(StockDecider.Adjust(State, command, Now));

    /// <inheritdoc/>
    public Task<StockAnswer> Reserve(ReserveStock command)
    {
        Decision decision = StockDecider.Reserve(State, command, Now);
        if (!command.IsTentative || decision.Answer is not { } answer) return Run(decision);
        CommitLater(decision.Events.AsSpan());
        ArmExpiry();
        return Task.FromResult(answer);
    }

    /// <inheritdoc/>
    public Task<StockAnswer> Confirm(ReservationId reservation) => Run(StockDecider.Confirm(State, reservation, Now));

    /// <inheritdoc/>
    public Task<StockAnswer> Release(ReservationId reservation) => Run(StockDecider.Release(State, reservation, Now));

    /// <inheritdoc/>
    public Task<StockAnswer> Return(ReturnStock command) => Run(StockDecider.Return(State, command, Now));

    /// <inheritdoc/>
    public Task<StockAnswer> SetRules(StockRules rules) => Run(StockDecider.SetRules(rules, Now));

    /// <inheritdoc/>
    public Task<StockAnswer> Get() => Run(StockDecider.Tick(State, Now));

    private async Task<StockAnswer> Run(Decision decision)
    {
        Task durable = Commit(decision.Events.AsSpan());
        StockAnswer answer = decision.Answer ?? (State.Exists ? new StockAnswer.Done(Level()) : new StockAnswer.Unknown());
        ArmExpiry();
        await durable;
        return answer;
    }

    private StockLevel Level() => new(
        new Sku(this.GetPrimaryKeyString()), State.OnHand, State.Reserved, State.Received, State.Adjusted, State.Sold, State.Returned, Version)
    {
        Rules = State.Rules is { LimitPerCustomer: null, Windows.IsEmpty: true } ? null : State.Rules,
    };

    // The timer frees units while nobody asks; whoever asks frees them anyway.
    private void ArmExpiry()
    {
        if (State.NextExpiry is not { } next || next >= _expiryAt) return;
        _expiryAt = next;
        TimeSpan due = next - Now;
        if (due < TimeSpan.Zero) due = TimeSpan.Zero;
        if (_expiry is null) _expiry = this.RegisterGrainTimer(Expire, new GrainTimerCreationOptions(due, Timeout.InfiniteTimeSpan) { Interleave = true });
        else _expiry.Change(due, Timeout.InfiniteTimeSpan);
    }

    private Task Expire(CancellationToken cancellation)
    {
        _expiryAt = DateTimeOffset.MaxValue;
        return Run(StockDecider.Tick(State, Now));
    }
}
