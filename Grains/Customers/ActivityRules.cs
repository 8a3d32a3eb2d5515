using Shop.Events;
using Shop.Streams;

namespace Shop.Customers;

/// <summary>What a customer did, in one partition of the journal.</summary>
public sealed class ActivityRow
{
    /// <summary>The most products that are remembered of each kind.</summary>
    public const int ProductsMax = 50;

    /// <summary>Products looked at.</summary>
    public long Views { get; set; }

    /// <summary>Orders placed.</summary>
    public long Orders { get; set; }

    /// <summary>Units bought.</summary>
    public long Units { get; set; }

    /// <summary>Units that came back.</summary>
    public long ReturnedUnits { get; set; }

    /// <summary>Minor units charged, by currency.</summary>
    public SortedDictionary<string, long> Spent { get; set; } = [];

    /// <summary>Minor units given back, by currency.</summary>
    public SortedDictionary<string, long> Refunded { get; set; } = [];

    /// <summary>The first order.</summary>
    public DateTimeOffset? FirstOrderAt { get; set; }

    /// <summary>The last order.</summary>
    public DateTimeOffset? LastOrderAt { get; set; }

    /// <summary>The last time that anything happened.</summary>
    public DateTimeOffset? LastSeenAt { get; set; }

    /// <summary>Products bought, and when last.</summary>
    public Dictionary<string, DateTimeOffset> Bought { get; set; } = [];

    /// <summary>Products looked at, and when last.</summary>
    public Dictionary<string, DateTimeOffset> Viewed { get; set; } = [];

    /// <summary>Remembers a product, and forgets the one of longest ago when there are too many.</summary>
    public static void Remember(Dictionary<string, DateTimeOffset> products, string product, DateTimeOffset at)
    {
        if (!products.TryGetValue(product, out DateTimeOffset known) || known < at) products[product] = at;
        if (products.Count > ProductsMax) products.Remove(products.MinBy(p => (p.Value, p.Key)).Key);
    }
}

/// <summary>The rules of what customers did.</summary>
public static class ActivityRules
{
    /// <summary>What makes the rows. Whoever changes the rules gives them the next version.</summary>
    public static readonly Projection Projection = new("activity", 1, Apply, KeysOf);

    /// <summary>What the keys of erased customers begin with. Such a row is in the customer's own partition only, and stays.</summary>
    public const string ErasedPrefix = "e:";

    /// <summary>The key of a customer.</summary>
    public static string KeyOf(string user) => "u:" + user;

    /// <summary>Keys that an event will need.</summary>
    public static IEnumerable<string> KeysOf(ShopEvent @event) => UserOf(@event) is { } user ? [KeyOf(user)] : [];

    /// <summary>Counts an event.</summary>
    public static async ValueTask Apply(ShopEvent @event, ProjectionRows rows)
    {
        if (@event is CustomerErased erased)
        {
            // The customer's orders and views are in other partitions; each removes what it has when it finds this.
            await rows.ChangeAsync(ErasedPrefix + erased.UserId, ActivityJson.Default.ActivityRow);
            await rows.RemoveAsync(KeyOf(erased.UserId), ActivityJson.Default.ActivityRow);
            return;
        }

        if (UserOf(@event) is not { } user) return;
        ActivityRow row = await rows.ChangeAsync(KeyOf(user), ActivityJson.Default.ActivityRow);
        if (row.LastSeenAt is null || @event.Timestamp > row.LastSeenAt) row.LastSeenAt = @event.Timestamp;
        switch (@event)
        {
            case ProductViewed e:
                row.Views++;
                ActivityRow.Remember(row.Viewed, e.ProductId, e.Timestamp);
                break;
            case OrderCreated e:
                row.Orders++;
                row.Units += e.Items.Sum(i => (long)i.Quantity);
                row.Spent.Add(Amounts.Of(e.TotalAmount, e.Currency));
                if (row.FirstOrderAt is null || e.Timestamp < row.FirstOrderAt) row.FirstOrderAt = e.Timestamp;
                if (row.LastOrderAt is null || e.Timestamp > row.LastOrderAt) row.LastOrderAt = e.Timestamp;
                foreach (OrderItem item in e.Items) ActivityRow.Remember(row.Bought, item.ProductId, e.Timestamp);
                break;
            case OrderReturned e:
                row.ReturnedUnits += e.Items.Sum(i => (long)i.Quantity);
                break;
            case OrderRefunded e:
                row.Refunded.Add(Amounts.Of(e.Amount, e.Currency));
                break;
        }
    }

    /// <summary>The scores of a customer who has bought something.</summary>
    /// <param name="orders">Orders placed.</param>
    /// <param name="lastOrderAt">When the last of them was.</param>
    /// <param name="averageOrders">How many average orders of the shop the customer's spending is worth.</param>
    /// <param name="now">The present.</param>
    public static CustomerScores ScoresOf(long orders, DateTimeOffset lastOrderAt, double averageOrders, DateTimeOffset now) => new(
        (now - lastOrderAt).TotalDays switch { <= 30 => 5, <= 60 => 4, <= 90 => 3, <= 180 => 2, _ => 1 },
        orders switch { >= 10 => 5, >= 5 => 4, >= 3 => 3, >= 2 => 2, _ => 1 },
        averageOrders switch { >= 10 => 5, >= 5 => 4, >= 3 => 3, >= 1.5 => 2, _ => 1 });

    /// <summary>The segment that scores put a customer in.</summary>
    public static CustomerSegment SegmentOf(CustomerScores? scores) => scores switch
    {
        null => CustomerSegment.Visitor,
        { Recency: 1 } => CustomerSegment.Lapsed,
        { Recency: 2 or 3 } => CustomerSegment.AtRisk,
        { Frequency: >= 4, Monetary: >= 4 } => CustomerSegment.Champion,
        { Frequency: >= 2 } or { Monetary: >= 4 } => CustomerSegment.Loyal,
        _ => CustomerSegment.New,
    };

    private static string? UserOf(ShopEvent @event) => @event switch
    {
        ProductViewed e => e.UserId,
        OrderCreated e => e.UserId,
        OrderReturned e => e.UserId,
        OrderRefunded e => e.UserId,
        _ => null,
    };
}

/// <summary>JSON of the rows.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(ActivityRow))]
internal sealed partial class ActivityJson : JsonSerializerContext;
