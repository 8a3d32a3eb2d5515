namespace Shop.Gateway.Import;

/// <summary>An order to be placed: one invoice, or a part of one when it has a SKU at two prices.</summary>
internal sealed record PlannedOrder(OrderId Id, DateTime At, string? Customer, string Country, ImmutableArray<PlannedLine> Lines)
{
    /// <summary>What will be charged.</summary>
    public Money Total => Lines.Aggregate(Money.Zero(Lines[0].Price.Currency), (sum, line) => sum + (line.Price * line.Quantity));
}

/// <summary>A SKU of a planned order, gathered from one or more lines of the invoice at the same price.</summary>
internal sealed record PlannedLine(Sku Sku, int Quantity, Money Price);

/// <summary>A cancellation line: units that come back to an order, and the money for them.</summary>
internal sealed record PlannedReturn(string Id, OrderId Order, DateTime At, Sku Sku, int Quantity, Money Amount);

/// <summary>
/// What an import will do, worked out from the file alone and always the same: so a run that was stopped finds its place by
/// the ids, and a second run finds everything done.
/// </summary>
internal sealed class RetailPlan
{
    private readonly Dictionary<(string Customer, Sku Sku), List<Bought>> _bought = [];

    private RetailPlan()
    {
    }

    /// <summary>Lines of the file, the heading aside.</summary>
    public int LineCount { get; private set; }

    /// <summary>Sale lines that are taken.</summary>
    public int SaleLines { get; private set; }

    /// <summary>Cancellation lines that are taken.</summary>
    public int ReturnLines { get; private set; }

    /// <summary>Invoices with at least one sale line that is taken.</summary>
    public int Invoices { get; private set; }

    /// <summary>Orders and returns in the order of their times.</summary>
    public List<object> Steps { get; } = [];

    /// <summary>The orders.</summary>
    public IEnumerable<PlannedOrder> Orders => Steps.OfType<PlannedOrder>();

    /// <summary>The returns.</summary>
    public IEnumerable<PlannedReturn> Returns => Steps.OfType<PlannedReturn>();

    /// <summary>Titles of the articles.</summary>
    public SortedDictionary<string, string> Titles { get; } = new(StringComparer.Ordinal);

    /// <summary>Units that have to be there at the beginning.</summary>
    public Dictionary<Sku, long> OpeningStock { get; } = [];

    /// <summary>First prices, to begin with.</summary>
    public Dictionary<Sku, Money> FirstPrices { get; } = [];

    /// <summary>Customers who buy.</summary>
    public SortedSet<string> Customers { get; } = new(StringComparer.Ordinal);

    /// <summary>Lines that are not taken, by reason, with what they add up to in pence.</summary>
    public SortedDictionary<string, (int Count, decimal Amount)> NotTaken { get; } = new(StringComparer.Ordinal);

    /// <summary>The sum of quantity × price of all lines of the file.</summary>
    public decimal FileTotal { get; private set; }

    /// <summary>Reads a file and works the plan out.</summary>
    /// <exception cref="FormatException">The file is not an Online Retail file.</exception>
    public static RetailPlan Read(TextReader reader)
    {
        var plan = new RetailPlan();
        List<RetailLine> lines = [];
        bool first = true;
        foreach ((int number, string[] fields) in CsvReader.Read(reader))
        {
            if (first)
            {
                first = false;
                if (fields is not ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"])
                    throw new FormatException("The first line is not InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country.");
                continue;
            }

            plan.LineCount++;
            decimal amount = AmountOf(fields);
            plan.FileTotal += amount;
            (RetailLine? line, string? reason) = RetailLine.Parse(number, fields);
            if (line is null) plan.Leave(reason!, amount);
            else lines.Add(line);
        }

        if (first) throw new FormatException("The file is empty.");
        plan.PlanSteps(lines);
        return plan;
    }

    private static decimal AmountOf(string[] fields)
    {
        System.Globalization.CultureInfo culture = System.Globalization.CultureInfo.InvariantCulture;
        return fields.Length == 8
            && decimal.TryParse(fields[3], System.Globalization.NumberStyles.Number, culture, out decimal quantity)
            && decimal.TryParse(fields[5], System.Globalization.NumberStyles.Number, culture, out decimal price)
            && Math.Abs(quantity) < 1e9m && Math.Abs(price) < 1e9m ? quantity * price : 0;
    }

    private void Leave(string reason, decimal amount)
    {
        (int count, decimal sum) = NotTaken.GetValueOrDefault(reason);
        NotTaken[reason] = (count + 1, sum + amount);
    }

    private void PlanSteps(List<RetailLine> lines)
    {
        foreach (RetailLine line in lines)
        {
            string title = Titles.GetValueOrDefault(line.Sku.Value, "");
            if (title.Length == 0) Titles[line.Sku.Value] = line.Description.Length > Limits.TitleLengthMax ? line.Description[..Limits.TitleLengthMax] : line.Description;
        }

        // Within a minute sales come first, so that what is sold and cancelled at once finds its sale.
        IEnumerable<IGrouping<(DateTime At, bool IsCancellation, string Invoice), RetailLine>> invoices = lines
            .GroupBy(l => l.Invoice)
            .SelectMany(g => g.GroupBy(_ => (At: g.Min(l => l.InvoicedAt), g.First().IsCancellation, Invoice: g.Key)))
            .OrderBy(g => g.Key.At).ThenBy(g => g.Key.IsCancellation).ThenBy(g => g.Key.Invoice, StringComparer.Ordinal);
        foreach (IGrouping<(DateTime At, bool IsCancellation, string Invoice), RetailLine> invoice in invoices)
        {
            if (invoice.Key.IsCancellation) foreach (RetailLine line in invoice) PlanReturn(line);
            else PlanOrders(invoice.Key.Invoice, invoice.Key.At, [.. invoice]);
        }

        foreach (string sku in Titles.Keys.Where(s => !OpeningStock.ContainsKey(new Sku(s))).ToArray()) Titles.Remove(sku);
        foreach (string sku in Titles.Keys.ToArray()) if (Titles[sku].Length == 0) Titles[sku] = $"Article {sku}";
    }

    private void PlanOrders(string invoice, DateTime at, RetailLine[] lines)
    {
        string? customer = lines[0].Customer;
        if (customer is not null) Customers.Add(customer);
        Invoices++;
        SaleLines += lines.Length;
        // A cart has one price for a SKU; the second price of the same SKU goes into a second order of the invoice.
        Dictionary<Sku, List<Money>> prices = [];
        List<List<PlannedLine>> parts = [];
        foreach (IGrouping<(Sku Sku, Money Price), RetailLine> group in lines.GroupBy(l => (l.Sku, l.Price)))
        {
            if (!prices.TryGetValue(group.Key.Sku, out List<Money>? known)) prices[group.Key.Sku] = known = [];
            known.Add(group.Key.Price);
            if (parts.Count < known.Count) parts.Add([]);
            parts[known.Count - 1].Add(new PlannedLine(group.Key.Sku, group.Sum(l => l.Quantity), group.Key.Price));
        }

        for (int part = 0; part < parts.Count; part++)
        {
            var order = new PlannedOrder(new OrderId(part == 0 ? $"uci-{invoice}" : $"uci-{invoice}-{part + 1}"), at, customer, lines[0].Country, [.. parts[part]]);
            Steps.Add(order);
            foreach (PlannedLine line in order.Lines)
            {
                OpeningStock[line.Sku] = OpeningStock.GetValueOrDefault(line.Sku) + line.Quantity;
                FirstPrices.TryAdd(line.Sku, line.Price);
                if (customer is null) continue;
                if (!_bought.TryGetValue((customer, line.Sku), out List<Bought>? bought)) _bought[(customer, line.Sku)] = bought = [];
                bought.Add(new Bought(order.Id, line.Price, line.Quantity));
            }
        }
    }

    // A cancellation names no invoice: it goes to the customer's latest order of the SKU at that price that can still take it.
    private void PlanReturn(RetailLine line)
    {
        int quantity = -line.Quantity;
        if (line.Customer is null)
        {
            Leave("cancellation without a customer", line.Total.ToDecimal());
            return;
        }

        Bought? bought = _bought.GetValueOrDefault((line.Customer, line.Sku))?.LastOrDefault(b => b.Price == line.Price && b.Left >= quantity);
        if (bought is null)
        {
            Leave("cancellation of a purchase that is not in the file", line.Total.ToDecimal());
            return;
        }

        bought.Left -= quantity;
        ReturnLines++;
        Steps.Add(new PlannedReturn($"uci-{line.Invoice}-{line.Number}", bought.Order, line.InvoicedAt, line.Sku, quantity, line.Price * quantity));
    }

    private sealed class Bought(OrderId order, Money price, int left)
    {
        public OrderId Order => order;

        public Money Price => price;

        public int Left { get; set; } = left;
    }
}
