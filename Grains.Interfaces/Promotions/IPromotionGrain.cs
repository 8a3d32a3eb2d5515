namespace Shop.Promotions;

/// <summary>A coupon; its key is the code. Its uses are as strict as stock: never more than the limits, whoever asks at once.</summary>
[Alias("Promotion")]
public interface IPromotionGrain : IGrainWithStringKey
{
    /// <summary>Creates the coupon or changes its rules; uses so far count.</summary>
    Task<PromotionAnswer> Define(CouponRules rules, bool mustBeNew);

    /// <summary>Whether the coupon would apply now; takes no use.</summary>
    [ReadOnly]
    Task<PromotionAnswer> Check(CouponUse use);

    /// <summary>Takes a use for an order. The same order again gives the same answer.</summary>
    Task<PromotionAnswer> Redeem(CouponUse use);

    /// <summary>Gives the use of an order back.</summary>
    Task<PromotionAnswer> Release(OrderId order);

    /// <summary>The coupon as it is now.</summary>
    [ReadOnly]
    Task<PromotionAnswer> Get();
}

/// <summary>The rules of a coupon. Either a percentage in basis points or an amount is given off the lines' total.</summary>
[GenerateSerializer, Immutable, Alias("CouponRules")]
public sealed record CouponRules(
    int? PercentOffBasisPoints,
    Money? AmountOff,
    Money? MinimumTotal,
    DateTimeOffset? ValidFrom,
    DateTimeOffset? ValidTo,
    int? UsesMax,
    int? UsesPerCustomerMax,
    bool Combinable);

/// <summary>Somebody wants to use a coupon on lines of this total.</summary>
[GenerateSerializer, Immutable, Alias("CouponUse")]
public sealed record CouponUse(OrderId OrderId, CustomerId? CustomerId, Money LinesTotal, bool WithOthers);

/// <summary>A coupon as it is now.</summary>
[GenerateSerializer, Immutable, Alias("CouponView")]
public sealed record CouponView(CouponCode Code, CouponRules Rules, long Uses, long Version);

/// <summary>What a coupon command came to.</summary>
[GenerateSerializer, Immutable, Alias("PromotionAnswer")]
public abstract record PromotionAnswer
{
    /// <summary>The coupon as it is now.</summary>
    [GenerateSerializer, Immutable, Alias("PromotionAnswer.Ok")]
    public sealed record Ok(CouponView Coupon) : PromotionAnswer;

    /// <summary>The coupon applies and takes this off.</summary>
    [GenerateSerializer, Immutable, Alias("PromotionAnswer.Applies")]
    public sealed record Applies(Money Discount) : PromotionAnswer;

    /// <summary>The coupon does not apply.</summary>
    [GenerateSerializer, Immutable, Alias("PromotionAnswer.Rejected")]
    public sealed record Rejected(CouponRejection Reason) : PromotionAnswer;

    /// <summary>There is one of this code already.</summary>
    [GenerateSerializer, Immutable, Alias("PromotionAnswer.Exists")]
    public sealed record Exists : PromotionAnswer;
}

/// <summary>Why a coupon does not apply.</summary>
public enum CouponRejection
{
    /// <summary>No such coupon.</summary>
    Unknown,

    /// <summary>It is not valid yet.</summary>
    NotYetValid,

    /// <summary>It is no longer valid.</summary>
    Expired,

    /// <summary>All uses are taken.</summary>
    UsedUp,

    /// <summary>This customer has used it as often as allowed.</summary>
    UsedUpByCustomer,

    /// <summary>It needs a customer, because uses are counted a customer.</summary>
    NeedsCustomer,

    /// <summary>It does not go with another coupon.</summary>
    NotCombinable,

    /// <summary>The total is too small for it.</summary>
    TotalTooSmall,

    /// <summary>It is for another currency.</summary>
    OtherCurrency,
}
