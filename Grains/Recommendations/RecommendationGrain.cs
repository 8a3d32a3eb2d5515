using Shop.Catalog;
using Shop.Streams;

namespace Shop.Recommendations;

/// <inheritdoc cref="IRecommendationGrain"/>
[Reentrant, GrainType("recommendation"), CollectionAgeLimit(Minutes = 2)]
public sealed class RecommendationGrain(IProjectionStore projections) : Grain, IRecommendationGrain
{
    /// <inheritdoc/>
    public async Task<ImmutableArray<Recommendation>> Get(ImmutableArray<string> excluded, int limit)
    {
        string product = this.GetPrimaryKeyString();
        ImmutableArray<ProductView> own = await GrainFactory.GetGrain<ICatalogGrain>(ICatalogGrain.Key).Lookup([product]);
        string? category = own.Length > 0 ? own[0].Content.Categories.FirstOrDefault() : null;
        return await new Recommender(projections, GrainFactory).RecommendAsync([new Seed(product, 1, null)], category, excluded.Add(product).ToHashSet(), limit);
    }
}

/// <inheritdoc cref="IPersonalRecommendationGrain"/>
[Reentrant, GrainType("personal"), CollectionAgeLimit(Minutes = 2)]
public sealed class PersonalRecommendationGrain(IProjectionStore projections) : Grain, IPersonalRecommendationGrain
{
    private const double BoughtWeight = 1, ViewedWeight = 0.5;

    /// <inheritdoc/>
    public async Task<ImmutableArray<Recommendation>> Get(ImmutableArray<string> excluded, int limit)
    {
        Customers.CustomerActivity activity = await GrainFactory.GetGrain<Customers.ICustomerActivityGrain>(this.GetPrimaryKeyString()).Get();
        Seed[] seeds = [.. activity.Bought.Select(p => new Seed(p, BoughtWeight, "which you bought")),
            .. activity.Viewed.Except(activity.Bought).Select(p => new Seed(p, ViewedWeight, "which you looked at"))];
        return await new Recommender(projections, GrainFactory).RecommendAsync(seeds, null, excluded.Concat(activity.Bought).ToHashSet(), limit);
    }
}
