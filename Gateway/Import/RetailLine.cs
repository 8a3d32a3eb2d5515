using System.Globalization;

namespace Shop.Gateway.Import;

/// <summary>A line of the Online Retail file that makes sense as it stands.</summary>
internal sealed record RetailLine(int Number, string Invoice, Sku Sku, string Description, int Quantity, DateTime InvoicedAt, Money Price, string? Customer, string Country, bool IsCancellation)
{
    /// <summary>Quantity × price; negative for a cancellation.</summary>
    public Money Total => Price * Quantity;

    /// <summary>Reads a record; the reason when it is not taken.</summary>
    public static (RetailLine? Line, string? Reason) Parse(int number, string[] fields)
    {
        const int ColumnCount = 8;
        if (fields.Length != ColumnCount) return (null, "malformed: not eight columns");
        string invoice = fields[0].Trim(), code = fields[1].Trim();
        bool isCancellation = invoice.StartsWith('C');
        if (!Identifier.TryParse(invoice, out OrderId _)) return (null, "malformed: no invoice number");
        if (!int.TryParse(fields[3], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int quantity) || quantity == 0) return (null, "malformed: no quantity");
        if (!DateTime.TryParseExact(fields[4], "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime at)) return (null, "malformed: no date");
        if (!decimal.TryParse(fields[5], NumberStyles.Number, CultureInfo.InvariantCulture, out decimal price)) return (null, "malformed: no price");
        if (!IsArticle(code)) return (null, $"not an article: {Known(code)}");
        if (!Identifier.TryParse(code, out Sku sku)) return (null, "malformed: no stock code");
        if (price == 0 && quantity < 0) return (null, "zero price: stock written off");
        if (price == 0) return (null, "zero price");
        if (price < 0 || !Money.TryFromDecimal(price, new Currency("GBP"), out Money money)) return (null, "malformed: not a price in pence");
        if (quantity < 0 && !isCancellation) return (null, "negative quantity outside of a cancellation");
        if (quantity > 0 && isCancellation) return (null, "positive quantity in a cancellation");
        if (Math.Abs((long)quantity) > Limits.QuantityMax) return (null, "malformed: quantity too large");
        // Customers are whole numbers that were once stored as floating point: 17850.0.
        string customer = fields[6].Trim();
        if (customer.EndsWith(".0", StringComparison.Ordinal)) customer = customer[..^2];
        return (new RetailLine(number, invoice, sku, fields[2].Trim(), quantity, at, money, customer.Length == 0 ? null : customer, fields[7].Trim(), isCancellation), null);
    }

    // Articles have five digits and perhaps letters; everything else is postage, a discount, a fee or a correction by hand.
    private static bool IsArticle(string code) => code.Length >= 5 && code.Take(5).All(char.IsAsciiDigit) && code.Skip(5).All(char.IsAsciiLetter);

    private static string Known(string code) => code switch
    {
        "POST" => "POST (postage)",
        "DOT" => "DOT (postage)",
        "C2" => "C2 (carriage)",
        "D" => "D (discount)",
        "M" => "M (manual correction)",
        _ => code.Length is > 0 and <= 20 ? code : "other",
    };
}
