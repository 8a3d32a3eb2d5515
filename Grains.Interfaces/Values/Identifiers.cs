using System.Text.Json.Serialization;

namespace Shop;

/// <summary>A stock keeping unit: the smallest thing that is sold and counted.</summary>
[GenerateSerializer, Immutable, Alias("Sku"), JsonConverter(typeof(IdentifierJsonConverter<Sku>))]
public readonly record struct Sku(string Value) : IIdentifier<Sku>
{
    /// <inheritdoc/>
    public static Sku Of(string value) => new(value);

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>A product, which has one or more SKUs.</summary>
[GenerateSerializer, Immutable, Alias("ProductId"), JsonConverter(typeof(IdentifierJsonConverter<ProductId>))]
public readonly record struct ProductId(string Value) : IIdentifier<ProductId>
{
    /// <inheritdoc/>
    public static ProductId Of(string value) => new(value);

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>A cart.</summary>
[GenerateSerializer, Immutable, Alias("CartId"), JsonConverter(typeof(IdentifierJsonConverter<CartId>))]
public readonly record struct CartId(string Value) : IIdentifier<CartId>
{
    /// <inheritdoc/>
    public static CartId Of(string value) => new(value);

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>An order. Its payment and its reservations carry the same id.</summary>
[GenerateSerializer, Immutable, Alias("OrderId"), JsonConverter(typeof(IdentifierJsonConverter<OrderId>))]
public readonly record struct OrderId(string Value) : IIdentifier<OrderId>
{
    /// <inheritdoc/>
    public static OrderId Of(string value) => new(value);

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>A customer.</summary>
[GenerateSerializer, Immutable, Alias("CustomerId"), JsonConverter(typeof(IdentifierJsonConverter<CustomerId>))]
public readonly record struct CustomerId(string Value) : IIdentifier<CustomerId>
{
    /// <inheritdoc/>
    public static CustomerId Of(string value) => new(value);

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>A reservation of one SKU.</summary>
[GenerateSerializer, Immutable, Alias("ReservationId"), JsonConverter(typeof(IdentifierJsonConverter<ReservationId>))]
public readonly record struct ReservationId(string Value) : IIdentifier<ReservationId>
{
    /// <inheritdoc/>
    public static ReservationId Of(string value) => new(value);

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>The code of a promotion, as a customer types it; always upper case.</summary>
[GenerateSerializer, Immutable, Alias("CouponCode"), JsonConverter(typeof(IdentifierJsonConverter<CouponCode>))]
public readonly record struct CouponCode(string Value) : IIdentifier<CouponCode>
{
    /// <inheritdoc/>
    public static CouponCode Of(string value) => new(value.ToUpperInvariant());

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>A waiting room.</summary>
[GenerateSerializer, Immutable, Alias("RoomId"), JsonConverter(typeof(IdentifierJsonConverter<RoomId>))]
public readonly record struct RoomId(string Value) : IIdentifier<RoomId>
{
    /// <inheritdoc/>
    public static RoomId Of(string value) => new(value);

    /// <inheritdoc/>
    public override string ToString() => Value;
}
