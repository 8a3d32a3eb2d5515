using System.Text.Json;

namespace Shop.Catalog;

/// <inheritdoc cref="ICatalogGrain"/>
[GrainType("catalog"), CollectionAgeLimit(AlwaysActive = true)]
public sealed class CatalogGrain(JournalServices services) : Grain, ICatalogGrain
{
    private const int CommitsMax = 1_000, CategoriesMax = 500;

    private readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    // Counted when somebody asks after a change.
    private ImmutableArray<CategoryCount> _categories;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        Dictionary<string, ProductState> products = [];
        string? grainId = null;
        long version = 0;
        IReadOnlyList<JournalCommit> commits;
        do
        {
            commits = await services.Store.ReadTypeAsync("product", grainId, version, CommitsMax, cancellationToken);
            foreach (JournalCommit commit in commits)
            {
                (grainId, version) = (commit.GrainId, commit.Version);
                ProductState state = products.GetValueOrDefault(grainId, ProductState.Empty);
                foreach (ProductEvent @event in JsonSerializer.Deserialize(commit.Events.Span, ProductJson.Default.ProductEventArray)!) state = state.Apply(@event);
                products[grainId] = state;
            }
        }
        while (commits.Count == CommitsMax);

        foreach ((string id, ProductState state) in products)
        {
            string key = id["product/".Length..];
            if (state.Content is { } content) Put(new ProductView(new ProductId(key), content, state.Revision));
        }
    }

    /// <inheritdoc/>
    public Task Show(ProductView product)
    {
        if (!_entries.TryGetValue(product.Id.Value, out Entry? known) || known.Version < product.Version) Put(product);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task Hide(ProductId product, long version)
    {
        if (_entries.TryGetValue(product.Value, out Entry? known) && known.Version < version) Put(product, new Entry(null, version));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<ProductPage> Search(ProductQuery query)
    {
        ImmutableArray<ProductView>.Builder found = ImmutableArray.CreateBuilder<ProductView>();
        foreach ((string id, Entry entry) in _entries)
        {
            if (entry.Product is not { } product || (query.After is not null && string.CompareOrdinal(id, query.After) <= 0)) continue;
            if (!product.Content.Published && !query.IncludeUnpublished) continue;
            if (query.Category is not null && !product.Content.Categories.Contains(query.Category, StringComparer.OrdinalIgnoreCase)) continue;
            if (found.Count == query.PageSize) return Task.FromResult(new ProductPage(found.ToImmutable(), found[^1].Id.Value));
            found.Add(product);
        }

        return Task.FromResult(new ProductPage(found.ToImmutable(), null));
    }

    /// <inheritdoc/>
    public Task<ImmutableArray<ProductView>> Lookup(ImmutableArray<string> products, bool includeUnpublished) => Task.FromResult<ImmutableArray<ProductView>>(
        [.. products.Select(p => _entries.GetValueOrDefault(p)?.Product).Where(p => p is not null && (includeUnpublished || p.Content.Published))!]);

    /// <inheritdoc/>
    public Task<ImmutableArray<CategoryCount>> Categories()
    {
        if (_categories.IsDefault)
        {
            _categories =
            [
                .. _entries.Values.Where(e => e.Product?.Content.Published == true).SelectMany(e => e.Product!.Content.Categories).GroupBy(c => c, StringComparer.OrdinalIgnoreCase)
                    .Select(g => new CategoryCount(g.Key, g.Count())).OrderByDescending(c => c.Count).ThenBy(c => c.Category, StringComparer.Ordinal).Take(CategoriesMax),
            ];
        }

        return Task.FromResult(_categories);
    }

    /// <inheritdoc/>
    public Task<int> Count() => Task.FromResult(_entries.Values.Count(e => e.Product is not null));

    private void Put(ProductView product) => Put(product.Id, new Entry(product, product.Version));

    private void Put(ProductId product, Entry entry)
    {
        _entries[product.Value] = entry;
        _categories = default;
    }

    // A deleted product leaves its version behind, so that a late showing of an older one does not bring it back.
    private sealed record Entry(ProductView? Product, long Version);
}
