namespace Shop.Catalog;

/// <summary>What a SKU is sold as and for: the one place where checkouts learn a price. Its key is the SKU.</summary>
[Alias("Offer")]
public interface IOfferGrain : IGrainWithStringKey
{
    /// <summary>Puts the offer of a product in place, unless the SKU belongs to another one; answers whose it is.</summary>
    Task<ProductId> Publish(Offer offer);

    /// <summary>Ends the offer, if it is this product's.</summary>
    Task Withdraw(ProductId product, long productVersion);

    /// <summary>The offer; null when there is none.</summary>
    [ReadOnly]
    Task<Offer?> Get();
}

/// <summary>A SKU as it is offered. Not for sale while its product is not published.</summary>
[GenerateSerializer, Immutable, Alias("OfferOf")]
public sealed record Offer(Sku Sku, ProductId ProductId, long ProductVersion, string Title, ImmutableArray<Money> Prices, bool ForSale)
{
    /// <summary>The price in a currency; null when the SKU is not sold in it.</summary>
    public Money? PriceIn(Currency currency)
    {
        foreach (Money price in Prices)
            if (price.Currency == currency) return price;
        return null;
    }
}
