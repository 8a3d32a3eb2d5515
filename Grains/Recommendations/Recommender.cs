using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Shop.Catalog;
using Shop.Stock;
using Shop.Streams;

namespace Shop.Recommendations;

/// <summary>Something that recommendations start from: a product, how much it says, and what to call it.</summary>
internal sealed record Seed(string Product, double Weight, string? Because);

/// <summary>Makes recommendations of what the projection has counted and of what the shop has now.</summary>
internal sealed class Recommender(IProjectionStore projections, IGrainFactory grains)
{
    private const int CandidatesMax = 100;
    private const double ViewedWeight = 0.3;

    /// <summary>Products that go with the seeds, best first; then what is in demand, in the category first.</summary>
    public async Task<ImmutableArray<Recommendation>> RecommendAsync(IReadOnlyList<Seed> seeds, string? category, IReadOnlySet<string> excluded, int limit)
    {
        List<Recommendation> candidates = await NeighboursAsync(seeds, excluded);
        HashSet<string> known = [.. candidates.Select(c => c.ProductId), .. excluded];
        IReadOnlyList<string> trending = [.. (await TrendingAsync()).Where(p => !known.Contains(p))];
        ImmutableArray<ProductView> products = await grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key).Lookup([.. candidates.Select(c => c.ProductId), .. trending]);
        Dictionary<string, ProductView> byId = products.DistinctBy(p => p.Id).ToDictionary(p => p.Id.Value);
        IEnumerable<Recommendation> popular = trending.Where(byId.ContainsKey)
            .Select(p => Popular(byId[p], category)).OrderBy(r => r.Kind == RecommendationKind.PopularInCategory ? 0 : 1);
        return await InStockAsync([.. candidates.Where(c => byId.ContainsKey(c.ProductId)).Select(c => c with { Title = byId[c.ProductId].Content.Title }), .. popular], byId, limit);
    }

    private static Recommendation Popular(ProductView product, string? category) =>
        category is not null && product.Content.Categories.Contains(category, StringComparer.OrdinalIgnoreCase)
            ? new Recommendation(product.Id.Value, product.Content.Title, RecommendationKind.PopularInCategory, 0, $"popular in {category}")
            : new Recommendation(product.Id.Value, product.Content.Title, RecommendationKind.Trending, 0, "in demand now");

    private async Task<List<Recommendation>> NeighboursAsync(IReadOnlyList<Seed> seeds, IReadOnlySet<string> excluded)
    {
        if (seeds.Count == 0) return [];
        ILookup<string, NeighbourRow> rows = await ReadAsync(
            seeds.SelectMany(s => new[] { AffinityRules.BoughtKey(s.Product), AffinityRules.ViewedKey(s.Product) }), AffinityJson.Default.NeighbourRow);
        (Seed Seed, string Product, int Bought, int Viewed)[] pairs = [.. seeds.SelectMany(seed =>
        {
            Dictionary<string, int> bought = Together(rows[AffinityRules.BoughtKey(seed.Product)]), viewed = Together(rows[AffinityRules.ViewedKey(seed.Product)]);
            return bought.Keys.Union(viewed.Keys).Where(p => !excluded.Contains(p)).Select(p => (seed, p, bought.GetValueOrDefault(p), viewed.GetValueOrDefault(p)));
        })];
        // Those that went together often are worth the look at how popular they are by themselves.
        string[] others = [.. pairs.GroupBy(p => p.Product).OrderByDescending(g => g.Sum(p => p.Bought + (ViewedWeight * p.Viewed))).Take(3 * CandidatesMax).Select(g => g.Key)];
        ILookup<string, PopularityRow> popularity = await ReadAsync(seeds.Select(s => s.Product).Concat(others).Distinct().Select(AffinityRules.PopularityKey), AffinityJson.Default.PopularityRow);
        int Orders(string product) => popularity[AffinityRules.PopularityKey(product)].Sum(r => r.Orders);
        int Views(string product) => popularity[AffinityRules.PopularityKey(product)].Sum(r => r.Views);
        HashSet<string> considered = [.. others];
        return [.. pairs.Where(p => considered.Contains(p.Product)).GroupBy(p => p.Product).Select(g =>
        {
            double bought = g.Sum(p => p.Seed.Weight * AffinityScore.Of(p.Bought, Orders(p.Seed.Product), Orders(p.Product)));
            double viewed = ViewedWeight * g.Sum(p => p.Seed.Weight * AffinityScore.Of(p.Viewed, Views(p.Seed.Product), Views(p.Product)));
            (Seed Seed, string Product, int Bought, int Viewed) best = g.MaxBy(p => p.Seed.Weight * (p.Bought + (ViewedWeight * p.Viewed)));
            return new Recommendation(
                g.Key, "", best.Bought > 0 ? RecommendationKind.BoughtTogether : RecommendationKind.ViewedTogether, Math.Round(bought + viewed, 6), Reason(best.Seed, best.Bought, best.Viewed));
        }).OrderByDescending(r => r.Score).ThenBy(r => r.ProductId, StringComparer.Ordinal).Take(CandidatesMax)];
    }

    private static string Reason(Seed seed, int bought, int viewed)
    {
        string times = bought > 0 ? $"bought together {Times(bought)}" : $"viewed together {Times(viewed)}";
        return seed.Because is null ? times : $"{times} with {seed.Product}, {seed.Because}";
    }

    private static string Times(int count) => count == 1 ? "once" : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{count} times");

    private static Dictionary<string, int> Together(IEnumerable<NeighbourRow> rows)
    {
        Dictionary<string, int> sum = [];
        foreach ((string product, int count) in rows.SelectMany(r => r.Together)) sum[product] = sum.GetValueOrDefault(product) + count;
        return sum;
    }

    private async Task<IReadOnlyList<string>> TrendingAsync()
    {
        Dictionary<string, double> sum = [];
        foreach (TrendRow row in (await ReadAsync([AffinityRules.TrendKey], AffinityJson.Default.TrendRow)).SelectMany(g => g))
            foreach ((string product, double score) in row.Scores) sum[product] = sum.TryGetValue(product, out double known) ? TrendRow.Sum(known, score) : score;
        return [.. sum.OrderByDescending(p => p.Value).ThenBy(p => p.Key, StringComparer.Ordinal).Take(CandidatesMax).Select(p => p.Key)];
    }

    // The stock itself is asked, a few at a time, until there are enough: what is shown can be bought.
    private async Task<ImmutableArray<Recommendation>> InStockAsync(IReadOnlyList<Recommendation> candidates, Dictionary<string, ProductView> products, int limit)
    {
        List<Recommendation> found = [];
        foreach (Recommendation[] some in candidates.Chunk(Math.Max(4, limit)))
        {
            bool[] available = await Task.WhenAll(some.Select(r => IsInStockAsync(products[r.ProductId])));
            found.AddRange(some.Where((_, i) => available[i]));
            if (found.Count >= limit) break;
        }

        return [.. found.Take(limit)];
    }

    private async Task<bool> IsInStockAsync(ProductView product)
    {
        StockAnswer[] levels = await Task.WhenAll(product.Content.Variants.Select(v => grains.GetGrain<IStockGrain>(v.Sku.Value).Get()));
        return levels.Any(l => l is StockAnswer.Done { Level: { } level } && level.OnHand - level.Reserved > 0);
    }

    private async Task<ILookup<string, T>> ReadAsync<T>(IEnumerable<string> keys, JsonTypeInfo<T> type) =>
        (await projections.ReadKeysAsync(AffinityRules.Projection.Name, null, [.. keys], CancellationToken.None)).ToLookup(r => r.Key, r => JsonSerializer.Deserialize(r.Payload, type)!);
}
