using Decision = Shop.Journaling.Decision<Shop.Catalog.ProductEvent, Shop.Catalog.ProductAnswer>;

namespace Shop.Catalog;

/// <inheritdoc cref="IProductGrain"/>
[Reentrant, GrainType("product")]
public sealed class ProductGrain(JournalServices services)
    : EventSourcedGrain<ProductState, ProductEvent>(services), IProductGrain
{
    private Task<ProductAnswer?>? _showing;

    private ProductId Id => new(this.GetPrimaryKeyString());

    /// <inheritdoc/>
    public async Task<ProductAnswer> Save(SaveProduct command)
    {
        foreach (Variant variant in command.Content.Variants)
        {
            if (await Offer(variant.Sku).Get() is { } offer && offer.ProductId != Id) return new ProductAnswer.SkuTaken(variant.Sku, offer.ProductId);
        }

        return await Run(ProductDecider.Save(State, Id, command, Now));
    }

    /// <inheritdoc/>
    public Task<ProductAnswer> Delete(long? expectedVersion) => Run(ProductDecider.Delete(State, expectedVersion, Now));

    /// <inheritdoc/>
    public Task<ProductAnswer> Get() => Run(Decision.Do());

    /// <inheritdoc/>
    public Task Resume() => Show();

    private async Task<ProductAnswer> Run(Decision decision)
    {
        Task durable = Commit(decision.Events.AsSpan());
        ProductAnswer answer = decision.Answer ?? (State.Content is { } content
            ? new ProductAnswer.Ok(new ProductView(Id, content, State.Revision))
            : new ProductAnswer.NotFound());
        await durable;
        return await Show() ?? answer;
    }

    // One at a time: a later change is picked up by the loop that is already under way.
    private async Task<ProductAnswer?> Show()
    {
        if (!State.HasWork) return null;
        try
        {
            return await (_showing ??= ShowAsync());
        }
        finally
        {
            _showing = null;
        }
    }

    // The product is the truth; offers and catalogue follow it before anybody is told that it changed.
    private async Task<ProductAnswer?> ShowAsync()
    {
        ProductAnswer? conflict = null;
        while (State.HasWork)
        {
            (ProductContent? content, long revision, ImmutableHashSet<Sku> withdrawn) = (State.Content, State.Revision, State.Withdrawn);
            foreach (Sku sku in withdrawn) await Offer(sku).Withdraw(Id, revision);
            foreach (Variant variant in content?.Variants ?? [])
            {
                ProductId owner = await Offer(variant.Sku).Publish(new Offer(variant.Sku, Id, revision, Title(content!, variant), variant.Prices, content!.Published));
                if (owner == Id) continue;
                // Two products claimed the SKU at the same moment and the other was first.
                conflict = new ProductAnswer.SkuTaken(variant.Sku, owner);
                if (State.Revision == revision) await Commit(new ProductEvent.Saved(content with { Variants = content.Variants.Remove(variant) }, Now));
                break;
            }

            ICatalogGrain catalog = GrainFactory.GetGrain<ICatalogGrain>(ICatalogGrain.Key);
            if (content is null) await catalog.Hide(Id, revision);
            else await catalog.Show(new ProductView(Id, content, revision));
            if (State.Revision == revision && State.HasWork) await Commit(new ProductEvent.Shown(Now));
        }

        return conflict;
    }

    private static string Title(ProductContent content, Variant variant) =>
        variant.Title.Length == 0 || content.Title == variant.Title ? content.Title : $"{content.Title}, {variant.Title}";

    private IOfferGrain Offer(Sku sku) => GrainFactory.GetGrain<IOfferGrain>(sku.Value);
}
