namespace Shop.Catalog;

/// <inheritdoc cref="IOfferGrain"/>
[Reentrant, GrainType("offer")]
public sealed class OfferGrain(JournalServices services)
    : EventSourcedGrain<OfferState, OfferEvent>(services), IOfferGrain
{
    /// <inheritdoc/>
    public async Task<ProductId> Publish(Offer offer)
    {
        if (State.Yields(offer)) await Commit(new OfferEvent.Published(offer, Now) { OldPrices = State.Offer?.Prices });
        else await Durable();
        return State.Offer!.ProductId;
    }

    /// <inheritdoc/>
    public Task Withdraw(ProductId product, long productVersion) =>
        State.Offer is { } offer && offer.ProductId == product && offer.ProductVersion < productVersion
            ? Commit(new OfferEvent.Withdrawn(productVersion, Now))
            : Durable();

    /// <inheritdoc/>
    public async Task<Offer?> Get()
    {
        Offer? offer = State.Offer;
        await Durable();
        return offer;
    }
}
