using System.Globalization;
using Shop.Events;
using Shop.Streams;

namespace Shop.Analytics;

/// <summary>
/// The rules of the figures: which windows an event counts in. By the time at which it happened, so an event that comes late
/// counts where it belongs.
/// </summary>
public static class SalesRules
{
    /// <summary>What makes the rows. Whoever changes the rules gives them the next version.</summary>
    public static readonly Projection Projection = new("sales", 1, Apply, KeysOf);

    /// <summary>The key of all orders together.</summary>
    public const string TotalKey = "a:";

    /// <summary>The key of a window's row.</summary>
    public static string WindowKey(SalesWindow window, DateTimeOffset at) => window switch
    {
        SalesWindow.Minute => "m:" + at.UtcDateTime.ToString("yyyyMMddHHmm", CultureInfo.InvariantCulture),
        SalesWindow.Hour => "h:" + at.UtcDateTime.ToString("yyyyMMddHH", CultureInfo.InvariantCulture),
        _ => "d:" + at.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture),
    };

    /// <summary>The key of what a product sold on a day.</summary>
    public static string ProductKey(DateTimeOffset day, string product) => $"p:{day.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture)}:{product}";

    /// <summary>The key of a SKU's stock.</summary>
    public static string StockKey(string sku) => "s:" + sku;

    /// <summary>Keys that an event will need.</summary>
    public static IEnumerable<string> KeysOf(ShopEvent @event) => @event switch
    {
        ProductPurchased e => [ProductKey(e.Timestamp, e.ProductId)],
        InventoryUpdated e => [StockKey(e.ProductId)],
        _ => [],
    };

    /// <summary>Counts an event.</summary>
    public static async ValueTask Apply(ShopEvent @event, ProjectionRows rows)
    {
        switch (@event)
        {
            case OrderCreated e:
                Money total = Amounts.Of(e.TotalAmount, e.Currency);
                TotalRow all = await rows.ChangeAsync(TotalKey, SalesJson.Default.TotalRow);
                all.Orders[e.Currency] = all.Orders.GetValueOrDefault(e.Currency) + 1;
                all.Revenue.Add(total);
                await InWindows(e, rows, row =>
                {
                    row.Orders++;
                    row.Units += e.Items.Sum(i => (long)i.Quantity);
                    row.Revenue.Add(total);
                });
                break;
            case ProductPurchased e:
                ProductSalesRow product = await rows.ChangeAsync(ProductKey(e.Timestamp, e.ProductId), SalesJson.Default.ProductSalesRow);
                product.Units += e.Quantity;
                product.Revenue.Add(Amounts.Of(e.Price, e.Currency) * e.Quantity);
                break;
            case OrderRefunded e:
                await Refunded(e, e.Amount, e.Currency, rows);
                break;
            case OrderCancelled e:
                await Refunded(e, e.RefundedAmount, e.Currency, rows);
                await InWindows(e, rows, row => row.Cancelled++);
                break;
            case OrderReturned e:
                await InWindows(e, rows, row => row.ReturnedUnits += e.Items.Sum(i => (long)i.Quantity));
                break;
            case CheckoutStarted e:
                await InWindows(e, rows, row => row.Checkouts++);
                break;
            case ProductViewed e:
                await InWindows(e, rows, row => row.Views++);
                break;
            case CartUpdated { Quantity: > 0 } e:
                await InWindows(e, rows, row => row.CartLines++);
                break;
            case InventoryUpdated e:
                StockRow stock = await rows.ChangeAsync(StockKey(e.ProductId), SalesJson.Default.StockRow);
                // What is given back again was not taken.
                stock.Taken = Math.Max(0, stock.Decayed(e.Timestamp) - e.QuantityChange * (e.QuantityChange < 0 ? 1 : 0));
                stock.Available = e.NewQuantity;
                if (e.Timestamp > stock.At) stock.At = e.Timestamp;
                break;
        }
    }

    private static ValueTask Refunded(ShopEvent @event, decimal amount, string currency, ProjectionRows rows)
    {
        Money refund = Amounts.Of(amount, currency);
        return refund.Minor == 0 ? ValueTask.CompletedTask : InWindows(@event, rows, row => row.Refunds.Add(refund));
    }

    private static async ValueTask InWindows(ShopEvent @event, ProjectionRows rows, Action<SalesRow> count)
    {
        foreach (SalesWindow window in Enum.GetValues<SalesWindow>()) count(await rows.ChangeAsync(WindowKey(window, @event.Timestamp), SalesJson.Default.SalesRow));
    }
}
