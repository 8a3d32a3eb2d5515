using System.Globalization;
using Shop.Analytics;
using Shop.Gateway.Access;
using Shop.Gateway.Http;

namespace Shop.Gateway.Endpoints;

internal static class AnalyticsEndpoints
{
    private const int LimitDefault = 10, LimitMax = 1_000, DaysMax = 3_660;

    public static void MapAnalytics(this RouteGroupBuilder v1)
    {
        RouteGroupBuilder analytics = v1.MapGroup("/analytics").WithTags("Analytics");
        analytics.MapGet("/sales", Sales).Needs(Scopes.AnalyticsRead).Produces<SalesReply>().ProducesProblems(400)
            .WithSummary("Revenue, orders, units and refunds per minute, hour or day").WithName("getSales");
        analytics.MapGet("/top-products", TopProducts).Needs(Scopes.AnalyticsRead).Produces<TopProductsReply>().ProducesProblems(400)
            .WithSummary("The products that sold the most units").WithName("getTopProducts");
        analytics.MapGet("/funnel", Funnel).Needs(Scopes.AnalyticsRead).Produces<FunnelReply>().ProducesProblems(400)
            .WithSummary("From views over carts and checkouts to paid orders").WithName("getFunnel");
        analytics.MapGet("/stock", LowStock).Needs(Scopes.AnalyticsRead).Produces<LowStockReply>().ProducesProblems(400)
            .WithSummary("SKUs of which little is left, and when they will be sold out").WithName("getLowStock");
        analytics.MapPost("/recount", Recount).Needs(Scopes.Operate).Produces<RecountReply>().ProducesProblems(409)
            .WithSummary("Counts the whole journal again and compares it with the figures").WithName("recount");
    }

    private static async Task<IResult> Sales(IGrainFactory grains, TimeProvider clock, string? window = null, string? from = null, string? to = null)
    {
        (SalesWindow kind, DateTimeOffset first, DateTimeOffset end) = Windows(clock, window, from, to);
        ImmutableArray<SalesFigures> figures = await Analytics(grains).Sales(kind, first, end);
        return Http.Reply.Ok(new SalesReply(
            kind.ToString().ToLowerInvariant(), first, end, Of(Sum(figures, first)), [.. figures.Select(Of)]));
    }

    private static async Task<IResult> TopProducts(IGrainFactory grains, TimeProvider clock, string? from = null, string? to = null, string? window = null, string? limit = null)
    {
        (DateTimeOffset first, DateTimeOffset end) = Range(clock, from, to, DaysOf(window));
        int count = Number(limit, "limit", LimitDefault, 1, LimitMax);
        ImmutableArray<ProductFigures> products = await Analytics(grains).TopProducts(first, end, count);
        return Http.Reply.Ok(new TopProductsReply(first, end, [.. products.Select(p => new TopProductReply(p.ProductId, p.Units, Views.Of(p.Revenue)))]));
    }

    private static async Task<IResult> Funnel(IGrainFactory grains, TimeProvider clock, string? window = null, string? from = null, string? to = null)
    {
        (SalesWindow kind, DateTimeOffset first, DateTimeOffset end) = Windows(clock, window, from, to);
        SalesFigures sum = Sum(await Analytics(grains).Sales(kind, first, end), first);
        return Http.Reply.Ok(new FunnelReply(
            first, end, sum.Views, sum.CartLines, sum.Checkouts, sum.Orders, Ratio(sum.CartLines, sum.Views), Ratio(sum.Checkouts, sum.CartLines), Ratio(sum.Orders, sum.Checkouts)));
    }

    private static async Task<IResult> LowStock(IGrainFactory grains, string? threshold = null, string? limit = null)
    {
        ImmutableArray<StockFigures> items = await Analytics(grains).LowStock(Number(threshold, "threshold", 10, 0, Limits.QuantityMax), Number(limit, "limit", LimitMax / 10, 1, LimitMax));
        return Http.Reply.Ok(new LowStockReply([.. items.Select(i => new LowStockItemReply(i.Sku, i.Available, i.UnitsPerHour, i.SellOutAt))]));
    }

    private static async Task<IResult> Recount(IGrainFactory grains) => await Analytics(grains).Recount() is { } r
        ? Http.Reply.Ok(new RecountReply(r.Projection, r.Differences.IsEmpty, r.Commits, r.Events, r.Rows, r.Differences))
        : Problems.Conflict("too-busy", "Events came in too fast to compare; try again when it is quieter.");

    private static (SalesWindow Window, TimeSpan Span, int Count) Window(string? text) => text switch
    {
        "minute" => (SalesWindow.Minute, TimeSpan.FromMinutes(1), 60),
        null or "hour" => (SalesWindow.Hour, TimeSpan.FromHours(1), 24),
        "day" => (SalesWindow.Day, TimeSpan.FromDays(1), 30),
        _ => throw Problems.Bad("window", "must be minute, hour or day"),
    };

    private static (SalesWindow Window, DateTimeOffset From, DateTimeOffset To) Windows(TimeProvider clock, string? window, string? from, string? to)
    {
        (SalesWindow kind, TimeSpan span, int count) = Window(window);
        (DateTimeOffset first, DateTimeOffset end) = Range(clock, from, to, span * count);
        return (end - first) / span > IAnalyticsGrain.WindowsMax
            ? throw Problems.Bad("from", $"must be at most {IAnalyticsGrain.WindowsMax} windows before to")
            : (kind, first, end);
    }

    private static TimeSpan DaysOf(string? window) => Window(window) switch
    {
        (SalesWindow.Day, TimeSpan span, int count) => span * count,
        _ => TimeSpan.FromDays(1),
    };

    // Up to now when nothing is said, the present window included.
    private static (DateTimeOffset From, DateTimeOffset To) Range(TimeProvider clock, string? from, string? to, TimeSpan length)
    {
        DateTimeOffset now = clock.GetUtcNow();
        DateTimeOffset end = Time(to, "to") ?? now.AddMinutes(1);
        DateTimeOffset first = Time(from, "from") ?? end - length;
        if (first >= end) throw Problems.Bad("from", "must be before to");
        return (end - first).TotalDays > DaysMax ? throw Problems.Bad("from", $"must be at most {DaysMax} days before to") : (first, end);
    }

    private static DateTimeOffset? Time(string? text, string field) => text is null ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset time) && time.Year is > 1970 and < 9000 ? time
        : throw Problems.Bad(field, "must be a time such as 2026-01-31T00:00:00Z");

    private static int Number(string? text, string field, int missing, int min, int max) => text is null ? missing
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= min && number <= max ? number
        : throw Problems.Bad(field, $"must be {min} to {max}");

    private static double? Ratio(long part, long whole) => whole == 0 ? null : Math.Round((double)part / whole, 4);

    private static SalesFigures Sum(ImmutableArray<SalesFigures> figures, DateTimeOffset from) => new(
        from, figures.Sum(f => f.Orders), figures.Sum(f => f.Units), Sum(figures.SelectMany(f => f.Revenue)), Sum(figures.SelectMany(f => f.Refunds)), figures.Sum(f => f.ReturnedUnits),
        figures.Sum(f => f.Cancelled), figures.Sum(f => f.Views), figures.Sum(f => f.CartLines), figures.Sum(f => f.Checkouts));

    private static ImmutableArray<Money> Sum(IEnumerable<Money> amounts) =>
        [.. amounts.GroupBy(m => m.Currency).OrderBy(g => g.Key.Code, StringComparer.Ordinal).Select(g => g.Aggregate(Money.Zero(g.Key), (sum, m) => sum + m))];

    // Rounded to the smallest unit of the currency, half to even.
    private static SalesWindowReply Of(SalesFigures f) => new(
        f.From, f.Orders, f.Units, Views.Of(f.Revenue), Views.Of(f.Refunds),
        f.Orders == 0 ? [] : [.. f.Revenue.Select(m => new MoneyBody(Math.Round(m.ToDecimal() / f.Orders, m.Currency.MinorDigits), m.Currency.Code))], f.ReturnedUnits, f.Cancelled);

    private static IAnalyticsGrain Analytics(IGrainFactory grains) => grains.GetGrain<IAnalyticsGrain>(IAnalyticsGrain.Key);
}
