namespace Shop.Catalog;

/// <summary>What happened to an offer.</summary>
[JsonPolymorphic]
[JsonDerivedType(typeof(Published), "offer.published.1")]
[JsonDerivedType(typeof(Withdrawn), "offer.withdrawn.1")]
public abstract record OfferEvent(DateTimeOffset At)
{
    /// <summary>The offer was put in place.</summary>
    public sealed record Published(Offer Offer, DateTimeOffset At) : OfferEvent(At)
    {
        /// <summary>The prices before; null when there was no offer.</summary>
        public ImmutableArray<Money>? OldPrices { get; init; }
    }

    /// <summary>The offer ended.</summary>
    public sealed record Withdrawn(long ProductVersion, DateTimeOffset At) : OfferEvent(At);
}

/// <summary>The offer of a SKU.</summary>
public sealed record OfferState : IEventSourced<OfferState, OfferEvent>
{
    /// <inheritdoc/>
    public static OfferState Empty { get; } = new();

    /// <inheritdoc/>
    public static JsonSerializerContext Json => OfferJson.Default;

    /// <summary>The offer; null when there is none.</summary>
    public Offer? Offer { get; init; }

    /// <inheritdoc/>
    public OfferState Apply(OfferEvent @event) => @event switch
    {
        OfferEvent.Published e => this with { Offer = e.Offer },
        OfferEvent.Withdrawn => this with { Offer = null },
        _ => throw new InvalidOperationException($"{@event.GetType()} is not an offer event."),
    };

    /// <summary>Whether this offer may take the place of the present one: it is free, or the product's own and not older.</summary>
    public bool Yields(Offer offer) => Offer is null || (Offer.ProductId == offer.ProductId && Offer.ProductVersion < offer.ProductVersion);

    /// <inheritdoc/>
    public void AssertInvariants()
    {
        if (Offer is not null && Offer.Prices.Any(p => p.Minor < 0)) throw new InvalidOperationException("A price is negative.");
    }
}

/// <summary>JSON of an offer's events and state.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OfferEvent[]))]
[JsonSerializable(typeof(OfferState))]
internal sealed partial class OfferJson : JsonSerializerContext;
