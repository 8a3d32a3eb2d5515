using System.Globalization;
using System.Text.Json;
using Shop.Events;

namespace Shop.Gateway.Reports;

/// <summary>A report over all events: what it counts, and the table that it comes to. Times are UTC.</summary>
internal abstract class Report
{
    private static readonly Dictionary<string, Func<Report>> Known = new()
    {
        ["sales-by-day"] = () => new SalesReport("day", (e, _) => Day(e.Timestamp)),
        ["sales-by-country"] = () => new SalesReport("country", (_, order) => order.Country ?? ""),
        ["sales-by-product"] = () => new ProductReport(),
        ["cohorts"] = () => new CohortReport(),
    };

    /// <summary>The reports that there are.</summary>
    public static IReadOnlyCollection<string> Names => Known.Keys;

    /// <summary>A new report of a name.</summary>
    public static Report Of(string name) => Known[name]();

    /// <summary>Counts an event.</summary>
    public abstract void Add(ShopEvent @event);

    /// <summary>Writes the table as CSV (RFC 4180) or as JSON lines.</summary>
    public void Write(TextWriter writer, bool asCsv)
    {
        (string[] columns, IEnumerable<object?[]> rows) = Table();
        if (asCsv) writer.Write(string.Join(',', columns) + "\r\n");
        foreach (object?[] row in rows)
        {
            if (asCsv) writer.Write(string.Join(',', row.Select(Cell)) + "\r\n");
            else writer.Write(Line(columns, row) + "\n");
        }

        writer.Flush();
    }

    /// <summary>The columns and rows of the report.</summary>
    protected abstract (string[] Columns, IEnumerable<object?[]> Rows) Table();

    /// <summary>A day.</summary>
    protected static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    // A text that a spreadsheet would take for a formula is kept a text.
    private static string Cell(object? value)
    {
        string text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        if (value is string && text.Length > 0 && text[0] is '=' or '+' or '-' or '@') text = "'" + text;
        return text.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }

    private static string Line(string[] columns, object?[] row)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            for (int i = 0; i < columns.Length; i++)
            {
                json.WritePropertyName(columns[i]);
                if (row[i] is decimal amount) json.WriteNumberValue(amount);
                else if (row[i] is long number) json.WriteNumberValue(number);
                else json.WriteStringValue((string?)row[i]);
            }

            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }
}

/// <summary>Orders, units, revenue and refunds, by something that an order says.</summary>
internal sealed class SalesReport(string column, Func<ShopEvent, OrderCreated, string> keyOf) : Report
{
    private readonly SortedDictionary<(string Key, string Currency), (long Orders, long Units, decimal Revenue, decimal Refunds)> _rows = [];
    private readonly Dictionary<string, OrderCreated> _orders = [];

    /// <inheritdoc/>
    public override void Add(ShopEvent @event)
    {
        switch (@event)
        {
            case OrderCreated e:
                _orders[e.OrderId] = e;
                Count(e, e, e.Currency, (1, e.Items.Sum(i => (long)i.Quantity), e.TotalAmount, 0));
                break;
            case OrderRefunded e when _orders.TryGetValue(e.OrderId, out OrderCreated? order):
                Count(e, order, e.Currency, (0, 0, 0, e.Amount));
                break;
            case OrderCancelled e when _orders.TryGetValue(e.OrderId, out OrderCreated? order):
                Count(e, order, e.Currency, (0, 0, 0, e.RefundedAmount));
                break;
        }
    }

    /// <inheritdoc/>
    protected override (string[] Columns, IEnumerable<object?[]> Rows) Table() => (
        [column, "currency", "orders", "units", "revenue", "refunds"],
        _rows.Select(r => new object?[] { r.Key.Key, r.Key.Currency, r.Value.Orders, r.Value.Units, r.Value.Revenue, r.Value.Refunds }));

    private void Count(ShopEvent @event, OrderCreated order, string currency, (long Orders, long Units, decimal Revenue, decimal Refunds) more)
    {
        string key = keyOf(@event, order);
        (long orders, long units, decimal revenue, decimal refunds) = _rows.GetValueOrDefault((key, currency));
        _rows[(key, currency)] = (orders + more.Orders, units + more.Units, revenue + more.Revenue, refunds + more.Refunds);
    }
}

/// <summary>Units and revenue, by product.</summary>
internal sealed class ProductReport : Report
{
    private readonly SortedDictionary<(string Product, string Currency), (long Units, decimal Revenue)> _rows = [];

    /// <inheritdoc/>
    public override void Add(ShopEvent @event)
    {
        if (@event is not ProductPurchased e) return;
        (long units, decimal revenue) = _rows.GetValueOrDefault((e.ProductId, e.Currency));
        _rows[(e.ProductId, e.Currency)] = (units + e.Quantity, revenue + (e.Price * e.Quantity));
    }

    /// <inheritdoc/>
    protected override (string[] Columns, IEnumerable<object?[]> Rows) Table() => (
        ["product", "currency", "units", "revenue"],
        _rows.OrderByDescending(r => r.Value.Revenue).Select(r => new object?[] { r.Key.Product, r.Key.Currency, r.Value.Units, r.Value.Revenue }));
}

/// <summary>Retention: of the customers who bought first in a month, how many bought again how many months later.</summary>
internal sealed class CohortReport : Report
{
    private readonly Dictionary<string, SortedSet<int>> _months = [];

    /// <inheritdoc/>
    public override void Add(ShopEvent @event)
    {
        if (@event is not OrderCreated { UserId: { } user } e) return;
        if (!_months.TryGetValue(user, out SortedSet<int>? months)) _months[user] = months = [];
        months.Add((e.Timestamp.UtcDateTime.Year * 12) + e.Timestamp.UtcDateTime.Month - 1);
    }

    /// <inheritdoc/>
    protected override (string[] Columns, IEnumerable<object?[]> Rows) Table() => (
        ["cohort", "customers", "monthsLater", "active", "share"],
        _months.Values.GroupBy(m => m.Min).OrderBy(g => g.Key).SelectMany(cohort =>
        {
            long customers = cohort.Count();
            return cohort.SelectMany(m => m).GroupBy(m => m - cohort.Key).OrderBy(g => g.Key).Select(later => new object?[]
            {
                string.Create(CultureInfo.InvariantCulture, $"{cohort.Key / 12:D4}-{(cohort.Key % 12) + 1:D2}"), customers, (long)later.Key, (long)later.Count(),
                Math.Round((decimal)later.Count() / customers, 4),
            });
        }));
}
