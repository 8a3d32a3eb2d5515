using System.Globalization;
using System.Text.Json;
using Shop.Streams;

namespace Shop.Analytics;

/// <inheritdoc cref="IAnalyticsGrain"/>
[StatelessWorker, GrainType("analytics")]
public sealed class AnalyticsGrain(IJournalStore journal, IProjectionStore projections, TimeProvider clock) : Grain, IAnalyticsGrain
{
    /// <inheritdoc/>
    public async Task<ImmutableArray<SalesFigures>> Sales(SalesWindow window, DateTimeOffset from, DateTimeOffset to)
    {
        ProjectionRow[] rows = await Range(SalesRules.WindowKey(window, from), SalesRules.WindowKey(window, LastOf(to, window))).ToArrayAsync();
        return [.. rows.GroupBy(r => r.Key).Select(g => Figures(window, g.Key, g))];
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<ProductFigures>> TopProducts(DateTimeOffset from, DateTimeOffset to, int limit)
    {
        Dictionary<string, ProductSalesRow> products = [];
        await foreach (ProjectionRow row in Range(SalesRules.ProductKey(from, ""), SalesRules.ProductKey(LastOf(to, SalesWindow.Day), "")))
        {
            string product = row.Key[(row.Key.LastIndexOf(':') + 1)..];
            if (!products.TryGetValue(product, out ProductSalesRow? sum)) products[product] = sum = new ProductSalesRow();
            sum.Add(JsonSerializer.Deserialize(row.Payload, SalesJson.Default.ProductSalesRow)!);
        }

        return [.. products.OrderByDescending(p => p.Value.Units).ThenBy(p => p.Key, StringComparer.Ordinal).Take(limit)
            .Select(p => new ProductFigures(p.Key, p.Value.Units, p.Value.Revenue.ToMoney()))];
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<StockFigures>> LowStock(long threshold, int limit)
    {
        DateTimeOffset now = clock.GetUtcNow();
        return [.. (await Range(SalesRules.StockKey(""), "s;").ToArrayAsync())
            .Select(r => Forecast(r.Key[2..], JsonSerializer.Deserialize(r.Payload, SalesJson.Default.StockRow)!, now))
            .Where(s => s.Available <= threshold)
            .OrderBy(s => s.Available).ThenBy(s => s.SellOutAt ?? DateTimeOffset.MaxValue).ThenBy(s => s.Sku, StringComparer.Ordinal)
            .Take(limit)];
    }

    /// <inheritdoc/>
    public Task<RecountResult?> Recount() => new Recount(journal, projections).RunAsync(SalesRules.Projection);

    // The window that a range ends in belongs to it.
    private static DateTimeOffset LastOf(DateTimeOffset to, SalesWindow window) => to.AddTicks(-1) + window switch
    {
        SalesWindow.Minute => TimeSpan.FromMinutes(1),
        SalesWindow.Hour => TimeSpan.FromHours(1),
        _ => TimeSpan.FromDays(1),
    };

    /// <inheritdoc/>
    public async Task<ImmutableArray<RecountResult>> RecountAll()
    {
        var recount = new Recount(journal, projections);
        ImmutableArray<RecountResult>.Builder results = ImmutableArray.CreateBuilder<RecountResult>();
        foreach ((Projection projection, _) in Consumers.All)
            if (await recount.RunAsync(projection) is { } result) results.Add(result);
        return results.ToImmutable();
    }

    private static StockFigures Forecast(string sku, StockRow row, DateTimeOffset now)
    {
        double rate = row.RateAt(now);
        // Beyond a year it is no forecast.
        bool isForeseen = row.Available > 0 && rate * 24 * 365 > row.Available;
        return new StockFigures(sku, row.Available, Math.Round(rate, 3), isForeseen ? now + TimeSpan.FromHours(row.Available / rate) : null);
    }

    private static SalesFigures Figures(SalesWindow window, string key, IEnumerable<ProjectionRow> rows)
    {
        var sum = new SalesRow();
        foreach (ProjectionRow row in rows) sum.Add(JsonSerializer.Deserialize(row.Payload, SalesJson.Default.SalesRow)!);
        string format = window switch
        {
            SalesWindow.Minute => "yyyyMMddHHmm",
            SalesWindow.Hour => "yyyyMMddHH",
            _ => "yyyyMMdd",
        };
        DateTimeOffset from = DateTimeOffset.ParseExact(key[2..], format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        return new SalesFigures(
            from, sum.Orders, sum.Units, sum.Revenue.ToMoney(), sum.Refunds.ToMoney(), sum.ReturnedUnits, sum.Cancelled, sum.Views, sum.CartLines, sum.Checkouts);
    }

    private IAsyncEnumerable<ProjectionRow> Range(string from, string to) => projections.ReadAllAsync(SalesRules.Projection.Name, null, from, to);
}
