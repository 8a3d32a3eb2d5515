using System.Globalization;
using System.Text.Json;
using Shop.Carts;
using Shop.Customers;
using Shop.Gateway.Access;
using Shop.Gateway.Http;
using Shop.Recommendations;

namespace Shop.Gateway.Endpoints;

internal static class RecommendationEndpoints
{
    private const int LimitDefault = 10, LimitMax = 50;

    public static void MapRecommendations(this RouteGroupBuilder v1)
    {
        v1.MapGet("/products/{id}/recommendations", OfProduct).Needs(null, Storefront.Any).WithTags("Recommendations")
            .Produces<RecommendationsReply>().ProducesProblems(400, 404).WithSummary("Products that go with a product").WithName("getProductRecommendations");
        v1.MapGet("/customers/{id}/recommendations", OfCustomer).Needs(Scopes.Customers, Storefront.Session).WithTags("Recommendations")
            .Produces<RecommendationsReply>().ProducesProblems(400, 404).WithSummary("Products for a customer").WithName("getCustomerRecommendations");
    }

    private static async Task<IResult> OfProduct(HttpContext context, string id, IGrainFactory grains, string? limit = null, string? cartId = null)
    {
        ProductId product = Fields.Id<ProductId>(id, "id");
        int count = Limit(limit);
        if ((await grains.GetGrain<Catalog.ICatalogGrain>(Catalog.ICatalogGrain.Key).Lookup([product.Value])).IsEmpty) return Problems.NotFound("product");
        if (await InCartAsync(context, grains, cartId) is not { } excluded) return Problems.NotFound("cart");
        return Reply(await grains.GetGrain<IRecommendationGrain>(product.Value).Get(excluded, count));
    }

    private static async Task<IResult> OfCustomer(HttpContext context, string id, IGrainFactory grains, string? limit = null, string? cartId = null)
    {
        CustomerId customer = Fields.Id<CustomerId>(id, "id");
        int count = Limit(limit);
        if (await grains.GetGrain<ICustomerGrain>(customer.Value).Get(context.Caller()) is not CustomerAnswer.Ok) return Problems.NotFound("customer");
        if (await InCartAsync(context, grains, cartId) is not { } excluded) return Problems.NotFound("cart");
        return Reply(await grains.GetGrain<IPersonalRecommendationGrain>(customer.Value).Get(excluded, count));
    }

    private static int Limit(string? text) => text is null ? LimitDefault
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit is >= 1 and <= LimitMax ? limit
        : throw Problems.Bad("limit", $"must be 1 to {LimitMax}");

    private static async Task<ImmutableArray<string>?> InCartAsync(HttpContext context, IGrainFactory grains, string? cartId)
    {
        if (cartId is null) return [];
        return await grains.GetGrain<ICartGrain>(Fields.Id<CartId>(cartId, "cartId").Value).Get(context.Caller()) is CartAnswer.Ok { Cart: var cart }
            ? [.. cart.Lines.Select(l => l.ProductId.Value).Distinct()]
            : null;
    }

    private static Reply Reply(ImmutableArray<Recommendation> recommendations) => Http.Reply.Ok(new RecommendationsReply(
        [.. recommendations.Select(r => new RecommendationReply(r.ProductId, r.Title, JsonNamingPolicy.KebabCaseLower.ConvertName(r.Kind.ToString()), r.Score, r.Reason))]));
}
