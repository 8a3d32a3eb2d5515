using System.Globalization;
using Shop.Events;
using Shop.Streams;

namespace Shop.Recommendations;

/// <summary>The rules of what goes together: products of one order, and products that one visitor looks at within an hour.</summary>
public static class AffinityRules
{
    /// <summary>What makes the rows. Whoever changes the rules gives them the next version.</summary>
    public static readonly Projection Projection = new("affinity", 1, Apply, KeysOf, SessionPrefix);

    /// <summary>What the keys of visitors' hours begin with; the hour comes next.</summary>
    public const string SessionPrefix = "w:";

    /// <summary>The key of the trend.</summary>
    public const string TrendKey = "t:";

    /// <summary>Of an order with more products than this the first ones count; otherwise one order could cost as much as thousands.</summary>
    public const int BasketMax = 100;

    private const double ViewWeight = 1, PurchaseWeight = 5;

    /// <summary>The key of what was bought together with a product.</summary>
    public static string BoughtKey(string product) => "b:" + product;

    /// <summary>The key of what was viewed together with a product.</summary>
    public static string ViewedKey(string product) => "v:" + product;

    /// <summary>The key of how often a product was bought and viewed.</summary>
    public static string PopularityKey(string product) => "n:" + product;

    /// <summary>The products of a basket that count.</summary>
    public static string[] Basket(IEnumerable<string> products) => [.. products.Distinct().Take(BasketMax)];

    /// <summary>Keys that an event will need.</summary>
    public static IEnumerable<string> KeysOf(ShopEvent @event) => @event switch
    {
        OrderCreated e => Basket(e.Items.Select(i => i.ProductId)).SelectMany(p => new[] { BoughtKey(p), PopularityKey(p) }),
        ProductViewed e when Visitor(e) is { } visitor => [PopularityKey(e.ProductId), ViewedKey(e.ProductId), SessionKey(e, visitor)],
        _ => [],
    };

    /// <summary>Counts an event.</summary>
    public static async ValueTask Apply(ShopEvent @event, ProjectionRows rows)
    {
        switch (@event)
        {
            case OrderCreated e:
                await Bought(e, rows);
                break;
            case ProductViewed e:
                await Viewed(e, rows);
                break;
        }
    }

    private static async ValueTask Bought(OrderCreated e, ProjectionRows rows)
    {
        TrendRow trend = await rows.ChangeAsync(TrendKey, AffinityJson.Default.TrendRow);
        string[] basket = Basket(e.Items.Select(i => i.ProductId));
        foreach (string product in basket)
        {
            trend.Count(product, e.Timestamp, PurchaseWeight);
            (await rows.ChangeAsync(PopularityKey(product), AffinityJson.Default.PopularityRow)).Orders++;
            if (basket.Length == 1) break;
            NeighbourRow neighbours = await rows.ChangeAsync(BoughtKey(product), AffinityJson.Default.NeighbourRow);
            foreach (string other in basket)
                if (other != product) neighbours.Count(other);
        }
    }

    private static async ValueTask Viewed(ProductViewed e, ProjectionRows rows)
    {
        (await rows.ChangeAsync(TrendKey, AffinityJson.Default.TrendRow)).Count(e.ProductId, e.Timestamp, ViewWeight);
        (await rows.ChangeAsync(PopularityKey(e.ProductId), AffinityJson.Default.PopularityRow)).Views++;
        if (Visitor(e) is not { } visitor) return;
        SessionRow session = await rows.ChangeAsync(SessionKey(e, visitor), AffinityJson.Default.SessionRow);
        bool isNew = !session.Seen.Remove(e.ProductId);
        if (isNew)
        {
            // Looking twice at the same two products says no more than looking once.
            NeighbourRow own = await rows.ChangeAsync(ViewedKey(e.ProductId), AffinityJson.Default.NeighbourRow);
            foreach (string other in session.Seen)
            {
                own.Count(other);
                (await rows.ChangeAsync(ViewedKey(other), AffinityJson.Default.NeighbourRow)).Count(e.ProductId);
            }
        }

        session.Seen.Add(e.ProductId);
        if (session.Seen.Count > SessionRow.ProductsMax) session.Seen.RemoveAt(0);
    }

    private static string? Visitor(ProductViewed e) => e.UserId ?? e.SessionId;

    /// <summary>What the keys of visitors' hours that are before a moment come before.</summary>
    public static string SessionsBefore(DateTimeOffset moment) => SessionPrefix + moment.UtcDateTime.ToString("yyyyMMddHH", CultureInfo.InvariantCulture);

    private static string SessionKey(ProductViewed e, string visitor) => $"{SessionsBefore(e.Timestamp)}:{visitor}";
}
