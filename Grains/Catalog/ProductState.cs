namespace Shop.Catalog;

/// <summary>What happened to a product.</summary>
[JsonPolymorphic]
[JsonDerivedType(typeof(Saved), "product.saved.1")]
[JsonDerivedType(typeof(Deleted), "product.deleted.1")]
[JsonDerivedType(typeof(Shown), "product.shown.1")]
public abstract record ProductEvent(DateTimeOffset At)
{
    /// <summary>The content was set.</summary>
    public sealed record Saved(ProductContent Content, DateTimeOffset At) : ProductEvent(At);

    /// <summary>The product is gone.</summary>
    public sealed record Deleted(DateTimeOffset At) : ProductEvent(At);

    /// <summary>Offers and catalogue say what the product says.</summary>
    public sealed record Shown(DateTimeOffset At) : ProductEvent(At);
}

/// <summary>A product, and the SKUs whose offers still have to follow its latest change.</summary>
public sealed record ProductState : IEventSourced<ProductState, ProductEvent>
{
    /// <inheritdoc/>
    public static ProductState Empty { get; } = new();

    /// <inheritdoc/>
    public static JsonSerializerContext Json => ProductJson.Default;

    /// <summary>What the product is; null when it is not there.</summary>
    public ProductContent? Content { get; init; }

    /// <summary>The number of saves and deletions; what callers see as the version.</summary>
    public long Revision { get; init; }

    /// <summary>SKUs that an earlier content had and the present one has not.</summary>
    public ImmutableHashSet<Sku> Withdrawn { get; init; } = [];

    /// <summary>Whether offers and catalogue have yet to follow.</summary>
    public bool HasWork { get; init; }

    /// <inheritdoc/>
    public ProductState Apply(ProductEvent @event) => @event switch
    {
        ProductEvent.Saved e => this with
        {
            Content = e.Content,
            Revision = Revision + 1,
            Withdrawn = Withdrawn.Union(Skus()).Except(e.Content.Variants.Select(v => v.Sku)),
            HasWork = true,
        },
        ProductEvent.Deleted => this with { Content = null, Revision = Revision + 1, Withdrawn = Withdrawn.Union(Skus()), HasWork = true },
        ProductEvent.Shown => this with { Withdrawn = [], HasWork = false },
        _ => throw new InvalidOperationException($"{@event.GetType()} is not a product event."),
    };

    /// <inheritdoc/>
    public void AssertInvariants()
    {
        if (Content is not null && Content.Variants.Any(v => Withdrawn.Contains(v.Sku))) throw new InvalidOperationException("A SKU is offered and withdrawn.");
    }

    private IEnumerable<Sku> Skus() => Content?.Variants.Select(v => v.Sku) ?? [];
}

/// <summary>JSON of a product's events and state.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProductEvent[]))]
[JsonSerializable(typeof(ProductState))]
internal sealed partial class ProductJson : JsonSerializerContext;
