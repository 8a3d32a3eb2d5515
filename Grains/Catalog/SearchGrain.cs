using Shop.Streams;

namespace Shop.Catalog;

/// <summary>Keeps the search index, in one partition of the journal.</summary>
[Alias("SearchIndex")]
public interface ISearchIndexGrain : IProjectionGrain;

/// <inheritdoc cref="ISearchIndexGrain"/>
[ImplicitStreamSubscription(JournalStreams.Namespace), GrainType("search-index")]
public sealed class SearchIndexGrain(ProjectionServices services) : ProjectionGrain(services, SearchRules.Projection), ISearchIndexGrain;

/// <inheritdoc cref="ISearchGrain"/>
[StatelessWorker, GrainType("search")]
public sealed class SearchGrain(ISearchIndex index) : Grain, ISearchGrain
{
    /// <inheritdoc/>
    public async Task<SearchPage> Find(string text, string? category, bool includeUnpublished, int skip, int limit)
    {
        SearchHits hits = await index.FindAsync(text, category, includeUnpublished, skip, limit, CancellationToken.None);
        ImmutableArray<ProductView> products = await GrainFactory.GetGrain<ICatalogGrain>(ICatalogGrain.Key).Lookup(hits.Products, includeUnpublished);
        return new SearchPage(products, hits.Total, [.. hits.Categories.Select(c => new CategoryCount(c.Key, c.Value))]);
    }
}
