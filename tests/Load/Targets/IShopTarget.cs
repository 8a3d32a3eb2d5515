namespace Shop.Load.Targets;

/// <summary>What a SKU has.</summary>
public sealed record StockFigures(long Received, long OnHand, long Reserved, long Available, long Sold);

/// <summary>A line of an order.</summary>
public readonly record struct LoadLine(string Sku, int Quantity);

/// <summary>Something that sells: a shop, or what people would build instead of one.</summary>
public interface IShopTarget : IAsyncDisposable
{
    /// <summary>What to call it.</summary>
    string Name { get; }

    /// <summary>Makes a SKU that costs one euro and of which there are so many; once more, more of them.</summary>
    Task PrepareAsync(string sku, long units);

    /// <summary>Holds a unit. The same key means the same reservation.</summary>
    Task<Outcome> ReserveAsync(string sku, string key);

    /// <summary>Buys. The same key means the same order.</summary>
    Task<Outcome> CheckoutAsync(IReadOnlyList<LoadLine> lines, string key);

    /// <summary>What a SKU has; null when the target does not tell.</summary>
    Task<StockFigures?> StockAsync(string sku);

    /// <summary>The memory of the target's processes in bytes; null when it cannot be told.</summary>
    long? WorkingSet { get; }
}
