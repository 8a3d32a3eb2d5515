using System.Text.Json;
using System.Text.Json.Serialization;

namespace Shop.Events;

/// <summary>
/// Something that happened in the shop, as the world outside is told. The schemas of docs/events say what each is made of;
/// they change only by optional additions. An event has the same id however often it is told.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "eventType")]
[JsonDerivedType(typeof(OrderCreated), nameof(OrderCreated))]
[JsonDerivedType(typeof(OrderPaid), nameof(OrderPaid))]
[JsonDerivedType(typeof(OrderCancelled), nameof(OrderCancelled))]
[JsonDerivedType(typeof(OrderFulfilled), nameof(OrderFulfilled))]
[JsonDerivedType(typeof(OrderReturned), nameof(OrderReturned))]
[JsonDerivedType(typeof(OrderRefunded), nameof(OrderRefunded))]
[JsonDerivedType(typeof(CheckoutStarted), nameof(CheckoutStarted))]
[JsonDerivedType(typeof(InventoryUpdated), nameof(InventoryUpdated))]
[JsonDerivedType(typeof(ProductViewed), nameof(ProductViewed))]
[JsonDerivedType(typeof(ProductPurchased), nameof(ProductPurchased))]
[JsonDerivedType(typeof(CartUpdated), nameof(CartUpdated))]
[JsonDerivedType(typeof(PriceChanged), nameof(PriceChanged))]
[JsonDerivedType(typeof(ProductUpdated), nameof(ProductUpdated))]
[JsonDerivedType(typeof(ProductDeleted), nameof(ProductDeleted))]
[JsonDerivedType(typeof(CustomerErased), nameof(CustomerErased))]
public abstract record ShopEvent
{
    /// <summary>Where it stands in the journal: the same however often it is told.</summary>
    public required EventId EventId { get; init; }

    /// <summary>When it happened.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>What it happened to: the key by which feeds are filtered and within which events are in order.</summary>
    [JsonIgnore]
    public abstract string Subject { get; }

    /// <summary>What kind of event it is.</summary>
    [JsonIgnore]
    public string EventType => GetType().Name;

    /// <summary>The event as its schema says.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ShopEventJson.Default.ShopEvent);
}

/// <summary>A line of an order, at the price of one unit.</summary>
public sealed record OrderItem(string ProductId, string Sku, int Quantity, decimal Price);

/// <summary>A line without a price.</summary>
public sealed record ItemQuantity(string Sku, int Quantity);

/// <summary>A price in a currency.</summary>
public sealed record EventPrice(decimal Amount, string Currency);

/// <summary>A checkout is complete: stock is sold and money is taken.</summary>
public sealed record OrderCreated(
    string OrderId, string? UserId, string? SessionId, ImmutableArray<OrderItem> Items, decimal TotalAmount, string Currency, string PaymentStatus, string? Country) : ShopEvent
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Subject => OrderId;
}

/// <summary>The money of an order was taken.</summary>
public sealed record OrderPaid(string OrderId, string? UserId, decimal Amount, string Currency) : ShopEvent
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Subject => OrderId;
}

/// <summary>An order was given up; what was taken has been given back.</summary>
public sealed record OrderCancelled(string OrderId, decimal RefundedAmount, string Currency) : ShopEvent
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Subject => OrderId;
}

/// <summary>Lines of an order were shipped.</summary>
public sealed record OrderFulfilled(string OrderId, string FulfilmentId, ImmutableArray<ItemQuantity> Items) : ShopEvent
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Subject => OrderId;
}

/// <summary>Lines of an order came back.</summary>
public sealed record OrderReturned(string OrderId, string ReturnId, ImmutableArray<ItemQuantity> Items, string? UserId) : ShopEvent
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Subject => OrderId;
}

/// <summary>Money of an order was given back.</summary>
public sealed record OrderRefunded(string OrderId, string RefundId, decimal Amount, string Currency, string? UserId) : ShopEvent
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Subject => OrderId;
}

/// <summary>A checkout began.</summary>
public sealed record CheckoutStarted(string OrderId, string? UserId, string? SessionId) : ShopEvent
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Subject => OrderId;
}

/// <summary>Another number of units can be bought of a SKU.</summary>
public sealed record InventoryUpdated(string ProductId, long QuantityChange, long NewQuantity) : ShopEvent
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Subject => ProductId;
}

/// <summary>Somebody looked at a product.</summary>
public sealed record ProductViewed(string ProductId, string? UserId, string? SessionId) : ShopEvent
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Subject => ProductId;
}

/// <summary>A product was bought: once for each line of an order.</summary>
public sealed record ProductPurchased(string ProductId, string Sku, string OrderId, string? UserId, int Quantity, decimal Price, string Currency) : ShopEvent
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Subject => ProductId;
}

/// <summary>A SKU has another quantity in a cart; 0 when it was taken out.</summary>
public sealed record CartUpdated(string CartId, string Sku, string? ProductId, int Quantity) : ShopEvent
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Subject => CartId;
}

/// <summary>A SKU has other prices.</summary>
public sealed record PriceChanged(string ProductId, string Sku, ImmutableArray<EventPrice> OldPrices, ImmutableArray<EventPrice> NewPrices) : ShopEvent
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Subject => ProductId;
}

/// <summary>A product is new or says something else than before.</summary>
public sealed record ProductUpdated(string ProductId, string Title, string Description, ImmutableArray<string> Categories, ImmutableArray<string> Skus, bool Published) : ShopEvent
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Subject => ProductId;
}

/// <summary>A product is gone.</summary>
public sealed record ProductDeleted(string ProductId) : ShopEvent
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Subject => ProductId;
}

/// <summary>A customer's personal data was erased; whoever keeps some has to erase it too.</summary>
public sealed record CustomerErased(string UserId) : ShopEvent
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override string Subject => UserId;
}

/// <summary>JSON of public events.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ShopEvent))]
public sealed partial class ShopEventJson : JsonSerializerContext;
