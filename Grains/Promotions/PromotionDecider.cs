using Decision = Shop.Journaling.Decision<Shop.Promotions.PromotionEvent, Shop.Promotions.PromotionAnswer>;

namespace Shop.Promotions;

/// <summary>The rules of coupons. Pure.</summary>
public static class PromotionDecider
{
    /// <summary>The rules are set.</summary>
    public static Decision Define(PromotionState state, CouponRules rules, bool mustBeNew, DateTimeOffset now)
    {
        if (state.Rules == rules) return Decision.Do();
        return mustBeNew && state.Rules is not null ? Decision.Say(new PromotionAnswer.Exists()) : Decision.Do(new PromotionEvent.Defined(rules, now));
    }

    /// <summary>What the coupon takes off, or why it does not apply.</summary>
    public static PromotionAnswer Check(PromotionState state, CouponUse use, DateTimeOffset now)
    {
        if (state.Redemptions.TryGetValue(use.OrderId, out Redemption? known)) return new PromotionAnswer.Applies(known.Discount);
        return Refusal(state, use, now) is { } reason ? new PromotionAnswer.Rejected(reason) : new PromotionAnswer.Applies(Discount(state.Rules!, use.LinesTotal));
    }

    /// <summary>A use is taken, once an order.</summary>
    public static Decision Redeem(PromotionState state, CouponUse use, DateTimeOffset now)
    {
        PromotionAnswer answer = Check(state, use, now);
        return answer is PromotionAnswer.Applies applies && !state.Redemptions.ContainsKey(use.OrderId)
            ? new Decision([new PromotionEvent.Redeemed(use.OrderId, use.CustomerId, applies.Discount, now)], answer)
            : Decision.Say(answer);
    }

    /// <summary>The use of an order is given back, if it has one.</summary>
    public static Decision Release(PromotionState state, OrderId order, DateTimeOffset now) =>
        state.Redemptions.ContainsKey(order) ? Decision.Do(new PromotionEvent.Released(order, now)) : Decision.Do();

    private static CouponRejection? Refusal(PromotionState state, CouponUse use, DateTimeOffset now)
    {
        if (state.Rules is not { } rules) return CouponRejection.Unknown;
        if (now < rules.ValidFrom) return CouponRejection.NotYetValid;
        if (now >= rules.ValidTo) return CouponRejection.Expired;
        if (use.WithOthers && !rules.Combinable) return CouponRejection.NotCombinable;
        if ((rules.AmountOff ?? rules.MinimumTotal)?.Currency is { } currency && currency != use.LinesTotal.Currency) return CouponRejection.OtherCurrency;
        if (rules.MinimumTotal is { } minimum && use.LinesTotal.Minor < minimum.Minor) return CouponRejection.TotalTooSmall;
        if (state.Redemptions.Count >= rules.UsesMax) return CouponRejection.UsedUp;
        if (rules.UsesPerCustomerMax is not { } each) return null;
        if (use.CustomerId is not { } customer) return CouponRejection.NeedsCustomer;
        return state.UsesByCustomer.GetValueOrDefault(customer) >= each ? CouponRejection.UsedUpByCustomer : null;
    }

    // Never more than the lines cost.
    private static Money Discount(CouponRules rules, Money total)
    {
        Money off = rules.PercentOffBasisPoints is { } percent ? total.BasisPoints(percent) : rules.AmountOff!.Value;
        return off.Minor > total.Minor ? total : off;
    }
}
