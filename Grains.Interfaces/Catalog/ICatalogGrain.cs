namespace Shop.Catalog;

/// <summary>The list of all products. A read model: it is rebuilt from the journal and holds no truth. Its key is <see cref="Key"/>.</summary>
[Alias("Catalog")]
public interface ICatalogGrain : IGrainWithStringKey
{
    /// <summary>The key of the one catalogue.</summary>
    const string Key = "catalog";

    /// <summary>Shows a product as it is now.</summary>
    Task Show(ProductView product);

    /// <summary>Shows a product no longer.</summary>
    Task Hide(ProductId product, long version);

    /// <summary>A page of products in the order of their ids.</summary>
    [ReadOnly]
    Task<ProductPage> Search(ProductQuery query);

    /// <summary>Those of some products that are published, or all that there are, in the order asked for.</summary>
    [ReadOnly]
    Task<ImmutableArray<ProductView>> Lookup(ImmutableArray<string> products, bool includeUnpublished = false);

    /// <summary>The categories of published products, and how many each has, the largest first.</summary>
    [ReadOnly]
    Task<ImmutableArray<CategoryCount>> Categories();

    /// <summary>How many products there are.</summary>
    [ReadOnly]
    Task<int> Count();
}

/// <summary>Which products.</summary>
[GenerateSerializer, Immutable, Alias("ProductQuery")]
public sealed record ProductQuery(string? Category, bool IncludeUnpublished, int PageSize, string? After);

/// <summary>A page and the id to go on after; null at the end.</summary>
[GenerateSerializer, Immutable, Alias("ProductPage")]
public sealed record ProductPage(ImmutableArray<ProductView> Products, string? Next);
