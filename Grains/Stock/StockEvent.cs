using System.Text.Json;
using Shop.Journaling;

namespace Shop.Stock;

/// <summary>What happened to the stock of a SKU.</summary>
[JsonPolymorphic]
[JsonDerivedType(typeof(Received), "stock.received.1")]
[JsonDerivedType(typeof(Adjusted), "stock.adjusted.1")]
[JsonDerivedType(typeof(Reserved), "stock.reserved.1")]
[JsonDerivedType(typeof(Confirmed), "stock.confirmed.1")]
[JsonDerivedType(typeof(Released), "stock.released.1")]
[JsonDerivedType(typeof(Expired), "stock.expired.1")]
[JsonDerivedType(typeof(Returned), "stock.returned.1")]
[JsonDerivedType(typeof(RulesSet), "stock.rules-set.1")]
public abstract record StockEvent(DateTimeOffset At)
{
    /// <summary>By how much the units that can be bought changed; null when they did not.</summary>
    public long? Change { get; init; }

    /// <summary>How many units can be bought after the change.</summary>
    public long? Available { get; init; }

    /// <summary>Units arrived.</summary>
    public sealed record Received(int Quantity, string Reference, DateTimeOffset At) : StockEvent(At);

    /// <summary>The count was corrected.</summary>
    public sealed record Adjusted(int Difference, string Reason, string Reference, DateTimeOffset At) : StockEvent(At);

    /// <summary>Units are held.</summary>
    public sealed record Reserved(ReservationId Id, int Quantity, DateTimeOffset ExpiresAt, CustomerId? CustomerId, DateTimeOffset At) : StockEvent(At), IWritesItself
    {
        /// <inheritdoc/>
        void IWritesItself.WriteTo(Utf8JsonWriter json)
        {
            json.WriteStartObject();
            json.WriteString("id"u8, Id.Value);
            json.WriteNumber("quantity"u8, Quantity);
            json.WriteString("expiresAt"u8, ExpiresAt);
            if (CustomerId is { } customer) json.WriteString("customerId"u8, customer.Value);
            json.WriteString("at"u8, At);
            if (Change is { } change) json.WriteNumber("change"u8, change);
            if (Available is { } available) json.WriteNumber("available"u8, available);
            json.WriteEndObject();
        }
    }

    /// <summary>Held units were sold.</summary>
    public sealed record Confirmed(ReservationId Id, DateTimeOffset At) : StockEvent(At);

    /// <summary>Held units were given back by a command.</summary>
    public sealed record Released(ReservationId Id, DateTimeOffset At) : StockEvent(At);

    /// <summary>Held units were given back by time.</summary>
    public sealed record Expired(ReservationId Id, DateTimeOffset At) : StockEvent(At);

    /// <summary>Sold units came back; those not restocked were written off at once.</summary>
    public sealed record Returned(string ReturnId, int Quantity, bool Restocked, DateTimeOffset At) : StockEvent(At);

    /// <summary>Limit and windows were set.</summary>
    public sealed record RulesSet(StockRules Rules, DateTimeOffset At) : StockEvent(At);
}

/// <summary>
/// Of any stock event what the world is told. A hot SKU has a hundred thousand events a second, and reading all that is in them, for each to
/// become its own kind, takes twice as long.
/// </summary>
internal struct StockLevelEvent
{
    /// <inheritdoc cref="StockEvent.At"/>
    public DateTimeOffset At { get; set; }

    /// <inheritdoc cref="StockEvent.Change"/>
    public long? Change { get; set; }

    /// <inheritdoc cref="StockEvent.Available"/>
    public long? Available { get; set; }
}

/// <summary>JSON of the stock's events and state.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StockEvent[]))]
[JsonSerializable(typeof(StockLevelEvent[]))]
[JsonSerializable(typeof(StockState))]
internal sealed partial class StockJson : JsonSerializerContext;
