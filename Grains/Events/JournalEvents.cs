using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Shop.Carts;
using Shop.Catalog;
using Shop.Customers;
using Shop.Orders;
using Shop.Payments;
using Shop.Stock;
using Shop.Views;

namespace Shop.Events;

/// <summary>Turns what the journal has into what the world is told. Pure: a commit always tells the same, under the same ids.</summary>
public static class JournalEvents
{
    private static readonly FrozenDictionary<PaymentStatus, string> PaymentNames =
        Enum.GetValues<PaymentStatus>().ToFrozenDictionary(s => s, s => JsonNamingPolicy.CamelCase.ConvertName(s.ToString()));

    /// <summary>What a commit tells, in order.</summary>
    public static ImmutableArray<ShopEvent> Of(JournalCommit commit)
    {
        string key = commit.Key;
        var made = new Maker(commit);
        switch (commit.GrainId.AsSpan(0, commit.GrainId.IndexOf('/', StringComparison.Ordinal)))
        {
            case "order":
                foreach (OrderEvent e in Read(commit, OrderJson.Default.OrderEventArray)) OfOrder(key, e, made);
                break;
            case "stock":
                foreach (LevelChange c in commit.Told?.Cast<LevelChange>() ?? LevelChanges(commit))
                    made.Add(new InventoryUpdated(key, c.Units, c.Available) { EventId = made.Id, Timestamp = c.At });
                break;
            case "cart":
                foreach (CartEvent e in Read(commit, CartJson.Default.CartEventArray)) OfCart(key, e, made);
                break;
            case "offer":
                foreach (OfferEvent e in Read(commit, OfferJson.Default.OfferEventArray)) OfOffer(key, e, made);
                break;
            case "product":
                foreach (ProductEvent e in Read(commit, ProductJson.Default.ProductEventArray)) OfProduct(key, e, made);
                break;
            case "customer":
                foreach (CustomerEvent e in Read(commit, CustomerJson.Default.CustomerEventArray))
                    if (e is CustomerEvent.Erased) made.Add(new CustomerErased(key) { EventId = made.Id, Timestamp = e.At });
                break;
            case "views":
                foreach (ViewEvent.Recorded e in Read(commit, ViewJson.Default.ViewEventArray).OfType<ViewEvent.Recorded>())
                    foreach (RecordedView view in e.Views)
                        made.Add(new ProductViewed(view.ProductId.Value, view.CustomerId?.Value, view.SessionId) { EventId = made.Id, Timestamp = view.At });
                break;
        }

        return made.ToImmutable();
    }

    private static IEnumerable<T> Read<T>(JournalCommit commit, JsonTypeInfo<T[]> type) => commit.Told?.Cast<T>() ?? JsonSerializer.Deserialize(commit.Events.Span, type)!;

    private static List<LevelChange> LevelChanges(JournalCommit commit)
    {
        List<LevelChange> changes = [];
        foreach (StockLevelEvent e in JsonSerializer.Deserialize(commit.Events.Span, StockJson.Default.StockLevelEventArray)!)
        {
            LevelChange? last = changes.LastOrDefault();
            if (LevelChange.Add(last, e.Change, e.Available, e.At) is { } change && change != last) changes.Add(change);
        }

        return changes;
    }

    private static void OfOrder(string order, OrderEvent e, Maker made)
    {
        switch (e)
        {
            case OrderEvent.CheckoutStarted started:
                made.Add(new CheckoutStarted(order, started.Command.CustomerId?.Value, started.Command.SessionId) { EventId = made.Id, Timestamp = started.Command.OccurredAt ?? e.At });
                break;
            case OrderEvent.Placed { Order: { } placed }:
                OfPlaced(order, placed, made);
                break;
            case OrderEvent.Undone { PlacedIn: { } currency } undone:
                made.Add(new OrderCancelled(order, new Money(undone.RefundedMinor, currency).ToDecimal(), currency.Code) { EventId = made.Id, Timestamp = e.At });
                break;
            case OrderEvent.Fulfilled fulfilled:
                made.Add(new OrderFulfilled(order, fulfilled.FulfilmentId, Items(fulfilled.Lines)) { EventId = made.Id, Timestamp = e.At });
                break;
            case OrderEvent.ReturnBooked { Lines: { } lines } returned:
                made.Add(new OrderReturned(order, returned.ReturnId, Items(lines), returned.CustomerId?.Value) { EventId = made.Id, Timestamp = returned.OccurredAt ?? e.At });
                break;
            case OrderEvent.RefundBooked { Amount: { } amount } refunded:
                made.Add(new OrderRefunded(order, refunded.RefundId, amount.ToDecimal(), amount.Currency.Code, refunded.CustomerId?.Value)
                {
                    EventId = made.Id,
                    Timestamp = refunded.OccurredAt ?? e.At,
                });
                break;
        }
    }

    private static void OfPlaced(string order, PlacedOrder placed, Maker made)
    {
        (string? user, string currency, DateTimeOffset at) = (placed.CustomerId?.Value, placed.Total.Currency.Code, placed.OccurredAt);
        ImmutableArray<OrderItem> items = [.. placed.Lines.Select(l => new OrderItem(l.ProductId.Value, l.Sku.Value, l.Quantity, l.UnitPrice.ToDecimal()))];
        string payment = PaymentNames[placed.Payment];
        decimal total = placed.Total.ToDecimal();
        made.Add(new OrderCreated(order, user, placed.SessionId, items, total, currency, payment, placed.Country) { EventId = made.Id, Timestamp = at });
        made.Add(new OrderPaid(order, user, total, currency) { EventId = made.Id, Timestamp = at });
        foreach (OrderItem item in items)
            made.Add(new ProductPurchased(item.ProductId, item.Sku, order, user, item.Quantity, item.Price, currency) { EventId = made.Id, Timestamp = at });
    }

    private static void OfCart(string cart, CartEvent e, Maker made)
    {
        switch (e)
        {
            case CartEvent.LineSet set:
                made.Add(new CartUpdated(cart, set.Line.Sku.Value, set.Line.ProductId.Value, set.Line.Quantity) { EventId = made.Id, Timestamp = e.At });
                break;
            case CartEvent.LineRemoved removed:
                made.Add(new CartUpdated(cart, removed.Sku.Value, null, 0) { EventId = made.Id, Timestamp = e.At });
                break;
            case CartEvent.MergedFrom merged:
                foreach (CartLine line in merged.Lines)
                    made.Add(new CartUpdated(cart, line.Sku.Value, line.ProductId.Value, line.Quantity) { EventId = made.Id, Timestamp = e.At });
                break;
        }
    }

    private static void OfOffer(string sku, OfferEvent e, Maker made)
    {
        if (e is not OfferEvent.Published { OldPrices: { IsDefault: false } old, Offer: var offer } || old.SequenceEqual(offer.Prices)) return;
        made.Add(new PriceChanged(offer.ProductId.Value, sku, Prices(old), Prices(offer.Prices)) { EventId = made.Id, Timestamp = e.At });
    }

    private static void OfProduct(string product, ProductEvent e, Maker made)
    {
        switch (e)
        {
            case ProductEvent.Saved { Content: var c }:
                made.Add(new ProductUpdated(product, c.Title, c.Description, c.Categories, [.. c.Variants.Select(v => v.Sku.Value)], c.Published) { EventId = made.Id, Timestamp = e.At });
                break;
            case ProductEvent.Deleted:
                made.Add(new ProductDeleted(product) { EventId = made.Id, Timestamp = e.At });
                break;
        }
    }

    private static ImmutableArray<ItemQuantity> Items(ImmutableArray<LineQuantity> lines) => [.. lines.Select(l => new ItemQuantity(l.Sku.Value, l.Quantity))];

    private static ImmutableArray<EventPrice> Prices(ImmutableArray<Money> prices) => [.. prices.Select(p => new EventPrice(p.ToDecimal(), p.Currency.Code))];

    /// <summary>Numbers the events of a commit.</summary>
    private sealed class Maker(JournalCommit commit)
    {
        private readonly ImmutableArray<ShopEvent>.Builder _events = ImmutableArray.CreateBuilder<ShopEvent>();

        /// <summary>The id of the next event.</summary>
        public EventId Id => new(commit.GrainId, commit.Version, _events.Count);

        public void Add(ShopEvent @event) => _events.Add(@event);

        public ImmutableArray<ShopEvent> ToImmutable() => _events.ToImmutable();
    }
}
