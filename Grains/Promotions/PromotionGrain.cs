using Decision = Shop.Journaling.Decision<Shop.Promotions.PromotionEvent, Shop.Promotions.PromotionAnswer>;

namespace Shop.Promotions;

/// <inheritdoc cref="IPromotionGrain"/>
[Reentrant, GrainType("promotion")]
public sealed class PromotionGrain(JournalServices services)
    : EventSourcedGrain<PromotionState, PromotionEvent>(services), IPromotionGrain
{
    /// <inheritdoc/>
    public Task<PromotionAnswer> Define(CouponRules rules, bool mustBeNew) => Run(PromotionDecider.Define(State, rules, mustBeNew, Now));

    /// <inheritdoc/>
    public Task<PromotionAnswer> Check(CouponUse use) => Run(Decision.Say(PromotionDecider.Check(State, use, Now)));

    /// <inheritdoc/>
    public Task<PromotionAnswer> Redeem(CouponUse use) => Run(PromotionDecider.Redeem(State, use, Now));

    /// <inheritdoc/>
    public Task<PromotionAnswer> Release(OrderId order) => Run(PromotionDecider.Release(State, order, Now));

    /// <inheritdoc/>
    public Task<PromotionAnswer> Get() => Run(Decision.Do());

    private async Task<PromotionAnswer> Run(Decision decision)
    {
        Task durable = Commit(decision.Events.AsSpan());
        PromotionAnswer answer = decision.Answer ?? (State.Rules is { } rules
            ? new PromotionAnswer.Ok(new CouponView(new CouponCode(this.GetPrimaryKeyString()), rules, State.Redemptions.Count, Version))
            : new PromotionAnswer.Rejected(CouponRejection.Unknown));
        await durable;
        return answer;
    }
}
