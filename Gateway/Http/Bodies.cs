using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Shop.Gateway.Http;

/// <summary>An exact amount in units of the currency.</summary>
public sealed record MoneyBody([property: JsonRequired] decimal Amount, [property: JsonRequired] string Currency)
{
    /// <summary>An amount as it is sent.</summary>
    public static MoneyBody From(Money money) => new(money.ToDecimal(), money.Currency.Code);
}

public sealed record ProductBody(
    string? Id, [property: JsonRequired] string Title, string? Description, IReadOnlyList<string>? Categories, [property: JsonRequired] IReadOnlyList<VariantBody> Variants, IReadOnlyList<string>? Media, bool? Published);

public sealed record VariantBody([property: JsonRequired] string Sku, string? Title, [property: JsonRequired] IReadOnlyList<MoneyBody> Prices);

public sealed record ProductReply(
    string Id, string Title, string Description, IReadOnlyList<string> Categories, IReadOnlyList<VariantBody> Variants, IReadOnlyList<string> Media, bool Published, long Version);

public sealed record ProductPageReply(IReadOnlyList<ProductReply> Products, string? NextPageToken, int? Total = null, IReadOnlyList<CategoryReply>? Categories = null);

public sealed record CategoryReply(string Category, int Count);

public sealed record CategoriesReply(IReadOnlyList<CategoryReply> Categories);

public sealed record ReceiptBody([property: JsonRequired] int Quantity, string? Reference);

public sealed record AdjustmentBody([property: JsonRequired] int Difference, [property: JsonRequired] string Reason, string? Reference);

// The body of the route that a crowd comes to: what is set property by property is read without boxes.
public sealed record ReservationBody
{
    [JsonRequired]
    public int Quantity { get; set; }

    public int? TtlSeconds { get; set; }

    public string? CustomerId { get; set; }
}

public sealed record ReservationReply(string ReservationId, string Sku, int Quantity, DateTimeOffset ExpiresAt);

public sealed record StockRulesBody(int? LimitPerCustomer, IReadOnlyList<SaleWindowBody>? Windows);

public sealed record SaleWindowBody([property: JsonRequired] DateTimeOffset From, [property: JsonRequired] DateTimeOffset To);

public sealed record StockReply(
    string Sku, long OnHand, long Reserved, long Available, long Received, long Adjusted, long Sold, long Returned, int? LimitPerCustomer, IReadOnlyList<SaleWindowBody>? Windows, long Version);

public sealed record CartBody(string? CustomerId, string? Currency);

public sealed record CartLineBody([property: JsonRequired] int Quantity);

public sealed record CouponUseBody([property: JsonRequired] string Code);

public sealed record MergeBody([property: JsonRequired] string From);

public sealed record CartReply(
    string Id, string Status, string? CustomerId, string Currency, IReadOnlyList<CartLineReply> Lines, IReadOnlyList<string> Coupons, MoneyBody Subtotal,
    IReadOnlyList<DiscountReply> Discounts, MoneyBody Total, DateTimeOffset ExpiresAt, string? OrderId, long Version);

public sealed record CartLineReply(string Sku, string ProductId, string Title, int Quantity, MoneyBody Price, MoneyBody Total);

public sealed record AddressBody(string? Name, string? Line1, string? Line2, string? City, string? Region, string? PostalCode, string? Country);

public sealed record PaymentBody(string? Method, [property: JsonRequired] string Token);

public sealed record CartCheckoutBody(string? CustomerId, string? Email, AddressBody? ShippingAddress, [property: JsonRequired] PaymentBody Payment, bool? AcceptPriceChanges);

public sealed record CheckoutBody(
    [property: JsonRequired] IReadOnlyList<LineBody> Lines, string? CustomerId, string? Email, AddressBody? ShippingAddress, [property: JsonRequired] PaymentBody Payment, string? Currency, IReadOnlyList<string>? Coupons);

public sealed record LineBody([property: JsonRequired] string Sku, [property: JsonRequired] int Quantity);

public sealed record OrderReply(
    string Id, string Number, string Status, DateTimeOffset CreatedAt, string? CustomerId, IReadOnlyList<OrderLineReply> Lines, IReadOnlyList<DiscountReply> Discounts,
    MoneyBody Total, PaymentReply Payment, string? Email, AddressBody? ShippingAddress, string? CancelReason, IReadOnlyList<BookingReply> Fulfilments,
    IReadOnlyList<BookingReply> Returns, IReadOnlyList<BookingReply> Refunds, long Version);

public sealed record OrderLineReply(string Sku, string ProductId, string Title, int Quantity, MoneyBody Price, MoneyBody Total);

public sealed record DiscountReply(string Code, MoneyBody Amount);

public sealed record PaymentReply(string Status, MoneyBody Refunded);

public sealed record BookingReply(string Id, IReadOnlyList<LineBody> Lines, MoneyBody? Amount, DateTimeOffset At, string? Note);

public sealed record OrderPageReply(IReadOnlyList<OrderReply> Orders, int Total, string? NextPageToken);

public sealed record OrderListReply(IReadOnlyList<OrderReply> Orders);

public sealed record CancelBody(string? Reason);

public sealed record FulfilmentBody(IReadOnlyList<LineBody>? Lines, string? Tracking);

public sealed record ReturnBody(IReadOnlyList<LineBody>? Lines, bool? Restock);

public sealed record RefundBody(MoneyBody? Amount, string? Reason);

public sealed record CustomerBody(string? Id, string? Name, string? Email, IReadOnlyList<AddressBody>? Addresses, bool? MarketingConsent);

public sealed record CustomerReply(
    string Id, string? Name, string? Email, IReadOnlyList<AddressBody> Addresses, bool MarketingConsent, DateTimeOffset CreatedAt, bool Erased, int OrderCount, long Version);

public sealed record CustomerPageReply(IReadOnlyList<CustomerReply> Customers, string? NextPageToken);

public sealed record CustomerExportReply(CustomerReply Customer, IReadOnlyList<OrderReply> Orders, CustomerActivityReply Activity);

public sealed record PromotionBody(
    [property: JsonRequired] string Code, decimal? PercentOff, MoneyBody? AmountOff, MoneyBody? MinimumTotal, DateTimeOffset? ValidFrom, DateTimeOffset? ValidTo, int? UsesMax,
    int? UsesPerCustomerMax, bool? Combinable);

public sealed record PromotionReply(
    string Code, decimal? PercentOff, MoneyBody? AmountOff, MoneyBody? MinimumTotal, DateTimeOffset? ValidFrom, DateTimeOffset? ValidTo, int? UsesMax,
    int? UsesPerCustomerMax, bool Combinable, long Uses, long Version);

public sealed record PromotionPageReply(IReadOnlyList<PromotionReply> Promotions, string? NextPageToken);

public sealed record WaitingRoomBody(
    [property: JsonRequired] IReadOnlyList<string> Skus, [property: JsonRequired] double AdmittedPerSecond, DateTimeOffset? OpensAt, int? AdmissionSeconds, bool? CustomersOnly);

public sealed record WaitingRoomReply(
    string Id, IReadOnlyList<string> Skus, double AdmittedPerSecond, DateTimeOffset? OpensAt, int AdmissionSeconds, bool CustomersOnly, long Issued, long Admitted, long Expired, long Waiting);

public sealed record WaitingRoomListReply(IReadOnlyList<GuardedSkusReply> WaitingRooms);

public sealed record GuardedSkusReply(string Id, IReadOnlyList<string> Skus);

public sealed record TicketReply(string Ticket, long Number, string State, long Position, double? EstimatedSeconds);

public sealed record StorefrontReply(string? PublishableKey, string DefaultCurrency, IReadOnlyList<string> Currencies);

public sealed record SessionBody(string? CustomerId, int? TtlSeconds);

public sealed record SessionReply(string Id, string Token, string? CustomerId, DateTimeOffset ExpiresAt);

public sealed record KeyBody([property: JsonRequired] string Name, string? Kind, IReadOnlyList<string>? Scopes);

public sealed record KeyReply(string Id, string Name, string Kind, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, string? Key);

public sealed record KeyListReply(IReadOnlyList<KeyReply> Keys);

public sealed record CallbackBody([property: JsonRequired] string PaymentId, [property: JsonRequired] string Outcome, string? Reference);

public sealed record ViewBody(string? CustomerId, string? SessionId);

public sealed record ViewBatchBody([property: JsonRequired] IReadOnlyList<ViewOfBody> Views);

public sealed record ViewOfBody([property: JsonRequired] string ProductId, string? CustomerId, string? SessionId, DateTimeOffset? At);

public sealed record ViewBatchReply(int Accepted);

public sealed record RecommendationsReply(IReadOnlyList<RecommendationReply> Recommendations);

public sealed record RecommendationReply(string ProductId, string Title, string Kind, double Score, string Reason);

public sealed record SalesReply(string Window, DateTimeOffset From, DateTimeOffset To, SalesWindowReply Total, IReadOnlyList<SalesWindowReply> Windows);

public sealed record SalesWindowReply(
    DateTimeOffset From, long Orders, long Units, IReadOnlyList<MoneyBody> Revenue, IReadOnlyList<MoneyBody> Refunds, IReadOnlyList<MoneyBody> AverageOrderValue, long ReturnedUnits, long Cancelled);

public sealed record FunnelReply(DateTimeOffset From, DateTimeOffset To, long Views, long CartLines, long Checkouts, long Paid, double? ViewToCart, double? CartToCheckout, double? CheckoutToPaid);

public sealed record TopProductsReply(DateTimeOffset From, DateTimeOffset To, IReadOnlyList<TopProductReply> Products);

public sealed record TopProductReply(string ProductId, long Units, IReadOnlyList<MoneyBody> Revenue);

public sealed record LowStockReply(IReadOnlyList<LowStockItemReply> Items);

public sealed record LowStockItemReply(string Sku, long Available, double UnitsPerHour, DateTimeOffset? SellOutAt);

public sealed record RecountReply(string Projection, bool Equal, long Commits, long Events, int Rows, IReadOnlyList<string> Differences);

public sealed record StreamsReply(IReadOnlyList<ConsumerReply> Consumers, IReadOnlyList<ParkedEventReply> Parked);

public sealed record ConsumerReply(string Consumer, long CommitsBehind, long? RebuildCommitsBehind);

public sealed record ParkedEventReply(string Consumer, string EventId, string Subject, string Error, DateTimeOffset ParkedAt);

public sealed record ReplayReply(int Left);

public sealed record GrainPageReply(string Type, IReadOnlyList<string> Ids, string? NextPageToken);

public sealed record GrainStateReply(string Type, string Id, long Version, long Commits, bool HasWork, JsonNode? State);

public sealed record GrainCommitsReply(IReadOnlyList<GrainCommitReply> Commits, long? Before);

public sealed record GrainCommitReply(long Version, DateTimeOffset At, int EventCount, JsonNode? Events);

public sealed record RemindersReply(IReadOnlyList<ReminderReply> Reminders);

public sealed record ReminderReply(string Grain, string Name, DateTimeOffset FirstTickAt, double PeriodSeconds);

public sealed record RebuildReply(string Consumer);

public sealed record CustomerActivityReply(
    long Views, long Orders, long Units, long ReturnedUnits, IReadOnlyList<MoneyBody> Spent, IReadOnlyList<MoneyBody> Refunded, IReadOnlyList<MoneyBody> LifetimeValue, DateTimeOffset? FirstOrderAt,
    DateTimeOffset? LastOrderAt, DateTimeOffset? LastSeenAt, IReadOnlyList<string> Bought, IReadOnlyList<string> Viewed, string Segment,
    ScoresReply? Scores);

public sealed record ScoresReply(int Recency, int Frequency, int Monetary);

/// <summary>How bodies are read and written: strictly, with names in camel case.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = false,
    AllowDuplicateProperties = false,
    NumberHandling = JsonNumberHandling.Strict,
    MaxDepth = 32)]
[JsonSerializable(typeof(ProblemBody))]
[JsonSerializable(typeof(System.Text.Json.Nodes.JsonObject))]
[JsonSerializable(typeof(ProductBody))]
[JsonSerializable(typeof(ProductReply))]
[JsonSerializable(typeof(ProductPageReply))]
[JsonSerializable(typeof(ReceiptBody))]
[JsonSerializable(typeof(AdjustmentBody))]
[JsonSerializable(typeof(ReservationBody))]
[JsonSerializable(typeof(ReservationReply))]
[JsonSerializable(typeof(StockRulesBody))]
[JsonSerializable(typeof(StockReply))]
[JsonSerializable(typeof(CartBody))]
[JsonSerializable(typeof(CartLineBody))]
[JsonSerializable(typeof(CouponUseBody))]
[JsonSerializable(typeof(MergeBody))]
[JsonSerializable(typeof(CartReply))]
[JsonSerializable(typeof(CartCheckoutBody))]
[JsonSerializable(typeof(CheckoutBody))]
[JsonSerializable(typeof(OrderReply))]
[JsonSerializable(typeof(OrderPageReply))]
[JsonSerializable(typeof(CancelBody))]
[JsonSerializable(typeof(FulfilmentBody))]
[JsonSerializable(typeof(ReturnBody))]
[JsonSerializable(typeof(RefundBody))]
[JsonSerializable(typeof(CustomerBody))]
[JsonSerializable(typeof(CustomerReply))]
[JsonSerializable(typeof(CustomerExportReply))]
[JsonSerializable(typeof(PromotionBody))]
[JsonSerializable(typeof(PromotionReply))]
[JsonSerializable(typeof(WaitingRoomBody))]
[JsonSerializable(typeof(WaitingRoomReply))]
[JsonSerializable(typeof(WaitingRoomListReply))]
[JsonSerializable(typeof(TicketReply))]
[JsonSerializable(typeof(SessionBody))]
[JsonSerializable(typeof(SessionReply))]
[JsonSerializable(typeof(KeyBody))]
[JsonSerializable(typeof(KeyReply))]
[JsonSerializable(typeof(KeyListReply))]
[JsonSerializable(typeof(CallbackBody))]
[JsonSerializable(typeof(ViewBody))]
[JsonSerializable(typeof(ViewBatchBody))]
[JsonSerializable(typeof(ViewBatchReply))]
[JsonSerializable(typeof(RecommendationsReply))]
[JsonSerializable(typeof(SalesReply))]
[JsonSerializable(typeof(FunnelReply))]
[JsonSerializable(typeof(TopProductsReply))]
[JsonSerializable(typeof(LowStockReply))]
[JsonSerializable(typeof(RecountReply))]
[JsonSerializable(typeof(StreamsReply))]
[JsonSerializable(typeof(ReplayReply))]
[JsonSerializable(typeof(RebuildReply))]
[JsonSerializable(typeof(CategoriesReply))]
[JsonSerializable(typeof(OrderListReply))]
[JsonSerializable(typeof(CustomerPageReply))]
[JsonSerializable(typeof(PromotionPageReply))]
[JsonSerializable(typeof(GrainPageReply))]
[JsonSerializable(typeof(GrainStateReply))]
[JsonSerializable(typeof(GrainCommitsReply))]
[JsonSerializable(typeof(RemindersReply))]
[JsonSerializable(typeof(StorefrontReply))]
[JsonSerializable(typeof(CustomerActivityReply))]
public sealed partial class GatewayJson : JsonSerializerContext
{
    /// <summary>How one body is read and written.</summary>
    public static JsonTypeInfo<T> Of<T>() => (JsonTypeInfo<T>)Default.GetTypeInfo(typeof(T))!;
}
