namespace Shop.Catalog;

/// <summary>Search of products by words. Any activation answers; its key is <see cref="Key"/>.</summary>
[Alias("Search")]
public interface ISearchGrain : IGrainWithStringKey
{
    /// <summary>The key.</summary>
    const string Key = "search";

    /// <summary>The most categories that are counted in an answer.</summary>
    const int CategoriesMax = 50;

    /// <summary>
    /// Products that have every word of the text, or a word that begins with it, in title, SKUs or description; those that have
    /// them in the title or as a SKU come first. The index follows changes of products within a second.
    /// </summary>
    [ReadOnly]
    Task<SearchPage> Find(string text, string? category, bool includeUnpublished, int skip, int limit);
}

/// <summary>A page of what was found, how much there is in all, and in which categories.</summary>
[GenerateSerializer, Immutable, Alias("SearchPage")]
public sealed record SearchPage(ImmutableArray<ProductView> Products, int Total, ImmutableArray<CategoryCount> Categories);

/// <summary>How many of the products found are in a category.</summary>
[GenerateSerializer, Immutable, Alias("CategoryCount")]
public sealed record CategoryCount(string Category, int Count);
