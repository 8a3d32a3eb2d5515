using Shop.Promotions;

namespace Shop.Grains.Tests;

public sealed class PromotionProperties
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Money Total = new(5_000, new Currency("EUR"));

    private static readonly Gen<(bool Redeem, int Order, int Customer)> Commands =
        from redeem in Gen.Frequency((3, Gen.Constant(true)), (1, Gen.Constant(false))) from order in Gen.Choose(0, 30) from customer in Gen.Choose(0, 3) select (redeem, order, customer);

    [Fact]
    public void A_coupon_is_never_used_beyond_its_limits_and_a_repetition_uses_nothing() => Properties.ForAllSequences(Commands, commands =>
    {
        const int UsesMax = 7, PerCustomerMax = 3;
        var rules = new CouponRules(1_000, null, null, null, null, UsesMax, PerCustomerMax, true);
        PromotionState state = PromotionState.Empty.Apply(new PromotionEvent.Defined(rules, Now));
        Dictionary<OrderId, CustomerId> uses = [];
        foreach ((bool redeem, int order, int customer) in commands)
        {
            OrderId id = new($"o{order}");
            CustomerId who = uses.GetValueOrDefault(id, new($"c{customer}"));
            var decision = redeem ? PromotionDecider.Redeem(state, new CouponUse(id, who, Total, true), Now) : PromotionDecider.Release(state, id, Now);
            foreach (PromotionEvent @event in decision.Events) state = state.Apply(@event);
            state.AssertInvariants();
            if (redeem && decision.Answer is PromotionAnswer.Applies applies)
            {
                applies.Discount.Minor.ShouldBe(500);
                uses[id] = who;
            }
            else if (!redeem)
            {
                uses.Remove(id);
            }

            state.Redemptions.Count.ShouldBe(uses.Count);
            uses.Count.ShouldBeLessThanOrEqualTo(UsesMax);
            uses.Values.CountBy(c => c).ShouldAllBe(c => c.Value <= PerCustomerMax);
        }
    });

    [Fact]
    public void A_coupon_is_valid_from_its_beginning_until_its_end()
    {
        var rules = new CouponRules(null, new Money(100, new Currency("EUR")), null, Now, Now + TimeSpan.FromDays(1), null, null, false);
        PromotionState state = PromotionState.Empty.Apply(new PromotionEvent.Defined(rules, Now));
        PromotionAnswer At(TimeSpan after) => PromotionDecider.Check(state, new CouponUse(new("o"), null, Total, false), Now + after);
        At(TimeSpan.FromTicks(-1)).ShouldBe(new PromotionAnswer.Rejected(CouponRejection.NotYetValid));
        At(TimeSpan.Zero).ShouldBeOfType<PromotionAnswer.Applies>();
        At(TimeSpan.FromDays(1)).ShouldBe(new PromotionAnswer.Rejected(CouponRejection.Expired));
    }

    [Fact]
    public void A_discount_never_exceeds_the_lines()
    {
        var rules = new CouponRules(null, new Money(100_000, new Currency("EUR")), null, null, null, null, null, false);
        PromotionState state = PromotionState.Empty.Apply(new PromotionEvent.Defined(rules, Now));
        PromotionDecider.Check(state, new CouponUse(new("o"), null, Total, false), Now).ShouldBe(new PromotionAnswer.Applies(Total));
    }
}
