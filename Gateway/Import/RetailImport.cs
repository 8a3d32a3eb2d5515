using Shop.Carts;
using Shop.Catalog;
using Shop.Customers;
using Shop.Orders;
using Shop.Stock;

namespace Shop.Gateway.Import;

/// <summary>What the shop has of a plan after it was carried out.</summary>
internal sealed record RetailResult(int Orders, long Units, int Lines, Money Gross, int Returns, long UnitsReturned, Money Refunded, int Customers, long OnHand, int Done);

/// <summary>Something that the plan foresaw did not come about; the message says where.</summary>
internal sealed class ImportException(string message) : Exception(message);

/// <summary>Carries a plan out through the same carts and checkouts that a storefront uses.</summary>
internal sealed class RetailImport(IGrainFactory grains, RetailPlan plan)
{
    private const string OpeningReference = "uci-opening-stock";
    private const int AtOnceMax = 64, AttemptsMax = 60;
    private static readonly TimeSpan RestAfterFailure = TimeSpan.FromSeconds(1);
    private static readonly Currency Gbp = new("GBP");
    private readonly Dictionary<Sku, Money> _prices = [];

    /// <summary>How many things there are to do.</summary>
    public int WorkCount => plan.Titles.Count + plan.Customers.Count + plan.Steps.Count;

    /// <summary>Does what is not done yet; each thing is reported when it is done.</summary>
    /// <exception cref="OperationCanceledException">It was stopped; another run goes on from there.</exception>
    public async Task<RetailResult> RunAsync(Action<string> report, CancellationToken cancellation)
    {
        await InChunks(plan.Titles, async article => await PrepareArticle(new Sku(article.Key), article.Value), "articles", report, cancellation);
        await InChunks(plan.Customers, id => grains.GetGrain<ICustomerGrain>(id).Create(new CustomerProfile(null, null, [], false), null), "customers", report, cancellation);
        int done = 0;
        foreach (object step in plan.Steps)
        {
            cancellation.ThrowIfCancellationRequested();
            bool isNew = await Persevere(() => step switch
            {
                PlannedOrder order => Place(order),
                PlannedReturn back => Return(back),
                _ => throw new InvalidOperationException($"{step.GetType()} is not a step."),
            }, cancellation);
            if (isNew) done++;
            report("invoices");
        }

        return await Persevere(() => ResultAsync(done, cancellation), cancellation);
    }

    private static async Task InChunks<T>(IEnumerable<T> items, Func<T, Task> work, string phase, Action<string> report, CancellationToken cancellation)
    {
        foreach (T[] chunk in items.Chunk(AtOnceMax))
        {
            cancellation.ThrowIfCancellationRequested();
            await Task.WhenAll(chunk.Select(item => Persevere(async () =>
            {
                await work(item);
                return true;
            }, cancellation)));
            foreach (T _ in chunk) report(phase);
        }
    }

    // A silo that went or a store that is away for a moment: every step may be done twice, so it is simply tried again.
    private static async Task<T> Persevere<T>(Func<Task<T>> step, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await step();
            }
            catch (Exception e) when (attempt < AttemptsMax && e is not (ImportException or OperationCanceledException or OutOfMemoryException))
            {
                await Task.Delay(RestAfterFailure, cancellation);
            }
        }
    }

    private async Task PrepareArticle(Sku sku, string title)
    {
        long units = plan.OpeningStock[sku];
        for (int part = 0; units > 0; part++, units -= Limits.QuantityMax)
        {
            var receipt = new ReceiveStock((int)Math.Min(units, Limits.QuantityMax), $"{OpeningReference}-{part}");
            if (await grains.GetGrain<IStockGrain>(sku.Value).Receive(receipt) is not StockAnswer.Done)
                throw new ImportException($"The opening stock of {sku} was refused: the shop was filled from another file.");
        }

        ProductAnswer answer = await grains.GetGrain<IProductGrain>(sku.Value).Save(new SaveProduct(Content(sku, title, plan.FirstPrices[sku]), SaveMode.Create, null));
        if (answer is not (ProductAnswer.Ok or ProductAnswer.Exists)) throw new ImportException($"The article {sku} could not be created: {answer.GetType().Name}.");
    }

    private static ProductContent Content(Sku sku, string title, Money price) => new(title, "", ["online-retail"], [new Variant(sku, "", [price])], [], true);

    /// <summary>Places and ships an order; false when it was there.</summary>
    private async Task<bool> Place(PlannedOrder planned)
    {
        IOrderGrain order = grains.GetGrain<IOrderGrain>(planned.Id.Value);
        OrderAnswer known = await order.Get(Caller.Admin);
        if (known is OrderAnswer.Ok { Order.Status: OrderStatus.Fulfilled or OrderStatus.Returned }) return false;
        if (known is not OrderAnswer.Ok { Order.Status: OrderStatus.Placed }) await CheckOut(planned);
        if (await order.Fulfil(new FulfilOrder("uci-shipped", [], null)) is not OrderAnswer.Ok) throw new ImportException($"Order {planned.Id} could not be shipped.");
        return true;
    }

    private async Task CheckOut(PlannedOrder planned)
    {
        await Task.WhenAll(planned.Lines.Select(SetPrice));
        CustomerId? customer = planned.Customer is null ? null : new CustomerId(planned.Customer);
        ICartGrain cart = grains.GetGrain<ICartGrain>(planned.Id.Value);
        await cart.Create(new CreateCart(null, customer, Gbp));
        // A cart that an interrupted run left behind is filled again, at the same prices. One line after the other: calls that are under way together may arrive in any order,
        // and an order has its lines as the file has them.
        foreach (PlannedLine line in planned.Lines)
        {
            CartAnswer answered = await cart.SetLine(Caller.Admin, line.Sku, line.Quantity, null);
            if (answered is not (CartAnswer.Ok or CartAnswer.Closed)) throw new ImportException($"Cart {planned.Id} was refused: {answered.GetType().Name}.");
        }

        var command = new CheckoutCart(Caller.Admin, planned.Id, "uci", customer, new Contact(null, AddressIn(planned.Country)), "card", "tok_approve", AcceptPriceChanges: false)
        {
            OccurredAt = Utc(planned.At),
        };
        CheckoutAnswer answer = await cart.Checkout(command);
        if (answer is not CheckoutAnswer.FromOrder { Answer: OrderAnswer.Ok { Order: { Status: OrderStatus.Placed or OrderStatus.Fulfilled } placed } })
            throw new ImportException($"Order {planned.Id} was refused: {answer}.");
        if (placed.Total != planned.Total) throw new ImportException($"Order {planned.Id} came to {placed.Total}, not to {planned.Total}.");
    }

    // The file's times have no zone; they are taken as they stand.
    private static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));

    private static Address? AddressIn(string country) => country.Length == 0 ? null : new Address(null, null, null, null, null, null, country);

    // The real shop sold one article at many prices; the catalogue changes with the invoices.
    private async Task SetPrice(PlannedLine line)
    {
        if (!_prices.TryGetValue(line.Sku, out Money known))
            known = (await grains.GetGrain<IOfferGrain>(line.Sku.Value).Get())?.PriceIn(Gbp) ?? Money.Zero(Gbp);
        if (known != line.Price)
        {
            var save = new SaveProduct(Content(line.Sku, plan.Titles[line.Sku.Value], line.Price), SaveMode.Replace, null);
            if (await grains.GetGrain<IProductGrain>(line.Sku.Value).Save(save) is not ProductAnswer.Ok) throw new ImportException($"The price of {line.Sku} could not be changed.");
        }

        lock (_prices) _prices[line.Sku] = line.Price;
    }

    /// <summary>Books units and money back; false when they were.</summary>
    private async Task<bool> Return(PlannedReturn planned)
    {
        IOrderGrain order = grains.GetGrain<IOrderGrain>(planned.Order.Value);
        bool known = await order.Get(Caller.Admin) is OrderAnswer.Ok { Order: var now } && now.Refunds.Any(r => r.Id == planned.Id);
        if (known) return false;
        OrderAnswer returned = await order.Return(new ReturnOrder(planned.Id, [new LineQuantity(planned.Sku, planned.Quantity)], Restock: true) { OccurredAt = Utc(planned.At) });
        if (returned is not OrderAnswer.Ok) throw new ImportException($"Return {planned.Id} was refused: {returned}.");
        OrderAnswer refunded = await order.Refund(new RefundOrder(planned.Id, planned.Amount, "cancelled") { OccurredAt = Utc(planned.At) });
        if (refunded is not OrderAnswer.Ok) throw new ImportException($"Refund {planned.Id} was refused: {refunded}.");
        return true;
    }

    // Read back from the shop, not added up on the way: the two sides of the summary have nothing in common but the file.
    private async Task<RetailResult> ResultAsync(int done, CancellationToken cancellation)
    {
        int orders = 0, lines = 0, returns = 0;
        long units = 0, unitsReturned = 0, onHand = 0;
        Money gross = Money.Zero(Gbp), refunded = Money.Zero(Gbp);
        HashSet<CustomerId> customers = [];
        foreach (PlannedOrder[] chunk in plan.Orders.Chunk(AtOnceMax))
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (OrderAnswer answer in await Task.WhenAll(chunk.Select(o => grains.GetGrain<IOrderGrain>(o.Id.Value).Get(Caller.Admin))))
            {
                if (answer is not OrderAnswer.Ok { Order: var order }) continue;
                orders++;
                lines += order.Lines.Length;
                units += order.Lines.Sum(l => (long)l.Quantity);
                gross += order.Total;
                returns += order.Returns.Length;
                unitsReturned += order.Returns.SelectMany(r => r.Lines).Sum(l => (long)l.Quantity);
                refunded += order.Refunded;
                if (order.CustomerId is { } customer) customers.Add(customer);
            }
        }

        foreach (Sku[] chunk in plan.OpeningStock.Keys.Chunk(AtOnceMax))
        {
            foreach (StockAnswer answer in await Task.WhenAll(chunk.Select(s => grains.GetGrain<IStockGrain>(s.Value).Get())))
                if (answer is StockAnswer.Done { Level: var level }) onHand += level.OnHand;
        }

        return new RetailResult(orders, units, lines, gross, returns, unitsReturned, refunded, customers.Count, onHand, done);
    }
}
