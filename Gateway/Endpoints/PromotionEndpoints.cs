using Shop.Audit;
using Shop.Gateway.Access;
using Shop.Gateway.Http;
using Shop.Promotions;

namespace Shop.Gateway.Endpoints;

internal static class PromotionEndpoints
{
    public static void MapPromotions(this RouteGroupBuilder v1)
    {
        RouteGroupBuilder promotions = v1.MapGroup("/promotions").WithTags("Promotions");
        promotions.MapPost("/", Create).Needs(Scopes.PromotionsWrite).WithFilter<IdempotencyFilter>()
            .Produces<PromotionReply>(201).ProducesProblems(400, 409).WithSummary("Creates a coupon").WithName("createPromotion");
        promotions.MapGet("/", List).Needs(Scopes.PromotionsWrite)
            .Produces<PromotionPageReply>().ProducesProblems(400).WithSummary("Lists coupons in the order of their codes").WithName("listPromotions");
        promotions.MapPut("/{code}", Put).Needs(Scopes.PromotionsWrite).WithFilter<IdempotencyFilter>()
            .Produces<PromotionReply>().ProducesProblems(400).WithSummary("Sets the rules of a coupon").WithName("putPromotion");
        promotions.MapGet("/{code}", Get).Needs(Scopes.PromotionsWrite)
            .Produces<PromotionReply>().ProducesProblems(404).WithSummary("Shows a coupon and its uses").WithName("getPromotion");
    }

    private static async Task<IResult> Create(Json<PromotionBody> body, IGrainFactory grains) =>
        Reply(await Grain(grains, body.Value.Code).Define(Rules(body.Value), mustBeNew: true), created: true);

    private static async Task<IResult> Put(string code, Json<PromotionBody> body, IGrainFactory grains)
    {
        if (Fields.Id<CouponCode>(body.Value.Code, "code") != Fields.Id<CouponCode>(code, "code")) throw Problems.Bad("code", "must be the code in the path");
        return Reply(await Grain(grains, code).Define(Rules(body.Value), mustBeNew: false));
    }

    private static async Task<IResult> Get(string code, IGrainFactory grains) => Reply(await Grain(grains, code).Get());

    private static async Task<IResult> List(IGrainFactory grains, PageToken tokens, string? pageSize = null, string? pageToken = null)
    {
        int size = Fields.PageSize(pageSize);
        ImmutableArray<string> codes = await grains.GetGrain<IAuditGrain>(IAuditGrain.Key).List("promotion", tokens.Read("promotions", pageToken), size);
        PromotionAnswer[] answers = await Task.WhenAll(codes.Select(c => grains.GetGrain<IPromotionGrain>(c).Get()));
        return Http.Reply.Ok(new PromotionPageReply(
            [.. answers.OfType<PromotionAnswer.Ok>().Select(a => View(a.Coupon))], codes.Length == size ? tokens.Make("promotions", codes[^1]) : null));
    }

    private static CouponRules Rules(PromotionBody body)
    {
        if (body.PercentOff is null == body.AmountOff is null) throw Problems.Bad("percentOff", "either percentOff or amountOff must be given");
        decimal? basisPoints = body.PercentOff * 100;
        if (basisPoints is < 1 or > 10_000 || (basisPoints is { } points && points != decimal.Truncate(points))) throw Problems.Bad("percentOff", "must be 0.01 to 100 with at most two decimals");
        Money? amountOff = body.AmountOff is { } off ? Fields.Money(off, "amountOff") : null;
        if (amountOff is { Minor: 0 }) throw Problems.Bad("amountOff.amount", "must be positive");
        Money? minimum = body.MinimumTotal is { } total ? Fields.Money(total, "minimumTotal") : null;
        if (minimum is { } m && amountOff is { } a && m.Currency != a.Currency) throw Problems.Bad("minimumTotal.currency", "must be the currency of amountOff");
        if (body.ValidTo <= body.ValidFrom) throw Problems.Bad("validTo", "must be after validFrom");
        if (body.UsesMax is < 1) throw Problems.Bad("usesMax", "must be at least 1");
        if (body.UsesPerCustomerMax is < 1) throw Problems.Bad("usesPerCustomerMax", "must be at least 1");
        return new CouponRules((int?)basisPoints, amountOff, minimum, body.ValidFrom, body.ValidTo, body.UsesMax, body.UsesPerCustomerMax, body.Combinable ?? false);
    }

    private static Reply Reply(PromotionAnswer answer, bool created = false) => answer switch
    {
        PromotionAnswer.Ok ok when created => Http.Reply.Created(View(ok.Coupon), $"/v1/promotions/{ok.Coupon.Code}", ok.Coupon.Version),
        PromotionAnswer.Ok ok => Http.Reply.Ok(View(ok.Coupon), ok.Coupon.Version),
        PromotionAnswer.Exists => Problems.Conflict("promotion-exists", "There is a coupon with this code."),
        _ => Problems.NotFound("coupon"),
    };

    private static PromotionReply View(CouponView coupon) => new(
        coupon.Code.Value, coupon.Rules.PercentOffBasisPoints / 100m, Money(coupon.Rules.AmountOff), Money(coupon.Rules.MinimumTotal), coupon.Rules.ValidFrom,
        coupon.Rules.ValidTo, coupon.Rules.UsesMax, coupon.Rules.UsesPerCustomerMax, coupon.Rules.Combinable, coupon.Uses, coupon.Version);

    private static MoneyBody? Money(Money? money) => money is { } amount ? MoneyBody.From(amount) : null;

    private static IPromotionGrain Grain(IGrainFactory grains, string code) => grains.GetGrain<IPromotionGrain>(Fields.Id<CouponCode>(code, "code").Value);
}
