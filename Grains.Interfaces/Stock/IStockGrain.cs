namespace Shop.Stock;

/// <summary>
/// The stock of one SKU; its key is the SKU. Promise: at every moment sold + reserved ≤ received + adjusted + returned, and
/// every answer is durable, but that to a tentative reservation.
/// </summary>
[Alias("Stock")]
public interface IStockGrain : IGrainWithStringKey
{
    /// <summary>Units arrive. A reference that was booked before changes nothing.</summary>
    Task<StockAnswer> Receive(ReceiveStock command);

    /// <summary>Corrects a count: breakage, theft, an inventory. Never below what is reserved.</summary>
    Task<StockAnswer> Adjust(AdjustStock command);

    /// <summary>Holds units for a while. The same id again gives the same answer.</summary>
    Task<StockAnswer> Reserve(ReserveStock command);

    /// <summary>A reservation becomes a sale.</summary>
    Task<StockAnswer> Confirm(ReservationId reservation);

    /// <summary>A reservation ends without a sale.</summary>
    Task<StockAnswer> Release(ReservationId reservation);

    /// <summary>Sold units come back. A return id that was booked before changes nothing.</summary>
    Task<StockAnswer> Return(ReturnStock command);

    /// <summary>Sets the limit per customer and the windows of time in which the SKU is sold.</summary>
    Task<StockAnswer> SetRules(StockRules rules);

    /// <summary>What is there.</summary>
    [ReadOnly]
    Task<StockAnswer> Get();
}

/// <summary>Units arrive under a reference of the sender's, such as a delivery note.</summary>
[GenerateSerializer, Immutable, Alias("ReceiveStock")]
public sealed record ReceiveStock(int Quantity, string Reference);

/// <summary>A count is corrected by a difference, which may be negative.</summary>
[GenerateSerializer, Immutable, Alias("AdjustStock")]
public sealed record AdjustStock(int Difference, string Reason, string Reference);

/// <summary>Units are held for a customer, or for nobody in particular, for a time.</summary>
[GenerateSerializer, Immutable, Alias("ReserveStock")]
public sealed record ReserveStock(ReservationId Id, int Quantity, TimeSpan Ttl, CustomerId? CustomerId)
{
    /// <summary>
    /// Whether the answer need not wait until it is durable: for who will confirm at once, and reserves again should a crash
    /// have made the stock forget. The same reservation without this is durable when it is answered.
    /// </summary>
    [Id(0)]
    public bool IsTentative { get; init; }
}

/// <summary>Units of a confirmed reservation come back; what is not fit for sale is not restocked.</summary>
[GenerateSerializer, Immutable, Alias("ReturnStock")]
public sealed record ReturnStock(string ReturnId, int Quantity, bool Restock);

/// <summary>How a SKU may be sold. No window means always.</summary>
[GenerateSerializer, Immutable, Alias("StockRules")]
public sealed record StockRules(int? LimitPerCustomer, ImmutableArray<SaleWindow> Windows);

/// <summary>A span of time in which a SKU is sold; the end is not part of it.</summary>
[GenerateSerializer, Immutable, Alias("SaleWindow")]
public sealed record SaleWindow(DateTimeOffset From, DateTimeOffset To);

/// <summary>The figures of a SKU, in units. Available = on hand − reserved.</summary>
[GenerateSerializer, Immutable, Alias("StockLevel")]
public sealed record StockLevel(Sku Sku, long OnHand, long Reserved, long Received, long Adjusted, long Sold, long Returned, long Version)
{
    /// <summary>How it may be sold; null when it is always sold, without a limit a customer.</summary>
    [Id(0)]
    public StockRules? Rules { get; init; }

    /// <summary>What the next buyer can get.</summary>
    public long Available => OnHand - Reserved;
}

/// <summary>What a stock command came to.</summary>
[GenerateSerializer, Immutable, Alias("StockAnswer")]
public abstract record StockAnswer
{
    /// <summary>It is done, now or earlier under the same reference.</summary>
    [GenerateSerializer, Immutable, Alias("StockAnswer.Done")]
    public sealed record Done(StockLevel Level) : StockAnswer;

    /// <summary>The units are held until then.</summary>
    [GenerateSerializer, Immutable, Alias("StockAnswer.Reserved")]
    public sealed record Reserved(ReservationId Id, int Quantity, DateTimeOffset ExpiresAt) : StockAnswer;

    /// <summary>The reservation is a sale.</summary>
    [GenerateSerializer, Immutable, Alias("StockAnswer.Confirmed")]
    public sealed record Confirmed(ReservationId Id) : StockAnswer;

    /// <summary>The reservation has ended without a sale.</summary>
    [GenerateSerializer, Immutable, Alias("StockAnswer.Released")]
    public sealed record Released(ReservationId Id) : StockAnswer;

    /// <summary>There is less than was asked for.</summary>
    [GenerateSerializer, Immutable, Alias("StockAnswer.OutOfStock")]
    public sealed record OutOfStock(long Available) : StockAnswer;

    /// <summary>The customer may have this many more.</summary>
    [GenerateSerializer, Immutable, Alias("StockAnswer.LimitReached")]
    public sealed record LimitReached(int Limit, long Remaining) : StockAnswer;

    /// <summary>The SKU is not sold now; the next window, if any, opens then.</summary>
    [GenerateSerializer, Immutable, Alias("StockAnswer.SaleClosed")]
    public sealed record SaleClosed(DateTimeOffset? OpensAt) : StockAnswer;

    /// <summary>The reservation has expired, or is already a sale, or was released.</summary>
    [GenerateSerializer, Immutable, Alias("StockAnswer.ReservationClosed")]
    public sealed record ReservationClosed(ReservationId Id, ReservationStatus Status) : StockAnswer;

    /// <summary>No such reservation.</summary>
    [GenerateSerializer, Immutable, Alias("StockAnswer.NoReservation")]
    public sealed record NoReservation(ReservationId Id) : StockAnswer;

    /// <summary>The id was used for something else, or the number makes no sense here.</summary>
    [GenerateSerializer, Immutable, Alias("StockAnswer.Refused")]
    public sealed record Refused(string Reason) : StockAnswer;

    /// <summary>Nothing was ever booked for this SKU.</summary>
    [GenerateSerializer, Immutable, Alias("StockAnswer.Unknown")]
    public sealed record Unknown : StockAnswer;
}

/// <summary>Where a reservation stands.</summary>
public enum ReservationStatus
{
    /// <summary>Units are held.</summary>
    Held,

    /// <summary>Units are sold.</summary>
    Confirmed,

    /// <summary>Given back by a command.</summary>
    Released,

    /// <summary>Given back by time.</summary>
    Expired,
}
