namespace Shop.Analytics;

/// <summary>How long the windows are that figures are given for.</summary>
public enum SalesWindow
{
    /// <summary>A minute.</summary>
    Minute,

    /// <summary>An hour.</summary>
    Hour,

    /// <summary>A day, in UTC.</summary>
    Day,
}

/// <summary>The figures of the shop, as its stream of events adds them up. Any activation answers; its key is <see cref="Key"/>.</summary>
[Alias("Analytics")]
public interface IAnalyticsGrain : IGrainWithStringKey
{
    /// <summary>The key.</summary>
    const string Key = "analytics";

    /// <summary>The most windows of one answer.</summary>
    const int WindowsMax = 1_500;

    /// <summary>The windows that have a moment between the two, oldest first. Windows in which nothing happened are left out.</summary>
    [ReadOnly]
    Task<ImmutableArray<SalesFigures>> Sales(SalesWindow window, DateTimeOffset from, DateTimeOffset to);

    /// <summary>The products that sold the most units in some days.</summary>
    [ReadOnly]
    Task<ImmutableArray<ProductFigures>> TopProducts(DateTimeOffset from, DateTimeOffset to, int limit);

    /// <summary>SKUs that will run out soonest, or have run out.</summary>
    [ReadOnly]
    Task<ImmutableArray<StockFigures>> LowStock(long threshold, int limit);

    /// <summary>Counts the whole journal again for the figures of sales and compares; null when an event came in between too often to tell.</summary>
    Task<RecountResult?> Recount();

    /// <summary>Does the same for every consumer of events.</summary>
    Task<ImmutableArray<RecountResult>> RecountAll();
}

/// <summary>The figures of a window. Amounts are exact.</summary>
[GenerateSerializer, Immutable, Alias("SalesFigures")]
public sealed record SalesFigures(
    DateTimeOffset From, long Orders, long Units, ImmutableArray<Money> Revenue, ImmutableArray<Money> Refunds, long ReturnedUnits, long Cancelled, long Views, long CartLines, long Checkouts);

/// <summary>The figures of a product.</summary>
[GenerateSerializer, Immutable, Alias("ProductFigures")]
public sealed record ProductFigures(string ProductId, long Units, ImmutableArray<Money> Revenue);

/// <summary>What can be bought of a SKU, how many units an hour go, and when none will be left if it goes on like that.</summary>
[GenerateSerializer, Immutable, Alias("StockFigures")]
public sealed record StockFigures(string Sku, long Available, double UnitsPerHour, DateTimeOffset? SellOutAt);

/// <summary>What a recount came to: rows compared, and which of them differ.</summary>
[GenerateSerializer, Immutable, Alias("RecountResult")]
public sealed record RecountResult(string Projection, long Commits, long Events, int Rows, ImmutableArray<string> Differences);
