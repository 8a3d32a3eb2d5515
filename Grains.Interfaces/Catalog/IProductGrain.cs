namespace Shop.Catalog;

/// <summary>One product with its variants; its key is the product id.</summary>
[Alias("Product")]
public interface IProductGrain : IGrainWithStringKey
{
    /// <summary>Creates or replaces the product. A SKU belongs to one product only.</summary>
    Task<ProductAnswer> Save(SaveProduct command);

    /// <summary>Takes the product and its offers out of the shop.</summary>
    Task<ProductAnswer> Delete(long? expectedVersion);

    /// <summary>The product.</summary>
    [ReadOnly]
    Task<ProductAnswer> Get();

    /// <summary>Brings offers and catalogue to what the product says, after an interruption.</summary>
    Task Resume();
}

/// <summary>The content of a product. With an expected version, the save is refused when the product has another one.</summary>
[GenerateSerializer, Immutable, Alias("SaveProduct")]
public sealed record SaveProduct(ProductContent Content, SaveMode Mode, long? ExpectedVersion);

/// <summary>Whether the product must be new, must exist, or either.</summary>
public enum SaveMode
{
    /// <summary>It must not exist.</summary>
    Create,

    /// <summary>It must exist.</summary>
    Replace,

    /// <summary>Either.</summary>
    Upsert,
}

/// <summary>What a product is.</summary>
[GenerateSerializer, Immutable, Alias("ProductContent")]
public sealed record ProductContent(
    string Title, string Description, ImmutableArray<string> Categories, ImmutableArray<Variant> Variants, ImmutableArray<string> Media, bool Published)
{
    /// <summary>Whether two contents say the same.</summary>
    public bool SameAs(ProductContent other) => Title == other.Title && Description == other.Description && Published == other.Published
        && Categories.SequenceEqual(other.Categories) && Media.SequenceEqual(other.Media)
        && Variants.Length == other.Variants.Length && Variants.Zip(other.Variants).All(p => p.First.SameAs(p.Second));
}

/// <summary>A SKU with its prices, one a currency.</summary>
[GenerateSerializer, Immutable, Alias("Variant")]
public sealed record Variant(Sku Sku, string Title, ImmutableArray<Money> Prices)
{
    /// <summary>Whether two variants say the same.</summary>
    public bool SameAs(Variant other) => Sku == other.Sku && Title == other.Title && Prices.SequenceEqual(other.Prices);
}

/// <summary>A product as it is now.</summary>
[GenerateSerializer, Immutable, Alias("ProductView")]
public sealed record ProductView(ProductId Id, ProductContent Content, long Version);

/// <summary>What a product command came to.</summary>
[GenerateSerializer, Immutable, Alias("ProductAnswer")]
public abstract record ProductAnswer
{
    /// <summary>The product as it is now.</summary>
    [GenerateSerializer, Immutable, Alias("ProductAnswer.Ok")]
    public sealed record Ok(ProductView Product) : ProductAnswer;

    /// <summary>No such product.</summary>
    [GenerateSerializer, Immutable, Alias("ProductAnswer.NotFound")]
    public sealed record NotFound : ProductAnswer;

    /// <summary>It exists already.</summary>
    [GenerateSerializer, Immutable, Alias("ProductAnswer.Exists")]
    public sealed record Exists(ProductView Product) : ProductAnswer;

    /// <summary>It has another version than expected.</summary>
    [GenerateSerializer, Immutable, Alias("ProductAnswer.Stale")]
    public sealed record Stale(long Version) : ProductAnswer;

    /// <summary>A SKU belongs to another product.</summary>
    [GenerateSerializer, Immutable, Alias("ProductAnswer.SkuTaken")]
    public sealed record SkuTaken(Sku Sku, ProductId Owner) : ProductAnswer;

    /// <summary>The product was deleted.</summary>
    [GenerateSerializer, Immutable, Alias("ProductAnswer.Deleted")]
    public sealed record Deleted : ProductAnswer;
}
