using System.Text.Json;
using Shop.Catalog;
using Shop.Journaling;
using Shop.Orders;
using Shop.Stock;

namespace Shop.Silo.Tests;

/// <summary>What tests of checkouts begin with: one unit of one SKU, and what another silo left in the journal.</summary>
internal static class Checkouts
{
    /// <summary>The SKU.</summary>
    public const string LastOne = "last-one";

    /// <summary>The order's first event is in the journal, with more if asked, and the silo that wrote it is gone. There is one unit.</summary>
    public static async Task<OrderId> BeginAsync(ShopCluster shop, params OrderEvent[] more)
    {
        await shop.Grains.GetGrain<IStockGrain>(LastOne).Receive(new ReceiveStock(1, "r"));
        var order = new OrderId(Guid.NewGuid().ToString());
        await WriteAsync(shop, order, hasWork: true, [Started(Command("tok_approve"), LastOne), .. more]);
        return order;
    }

    /// <summary>The first commit of an order, written by another silo.</summary>
    public static async Task WriteAsync(ShopCluster shop, OrderId order, bool hasWork, params OrderEvent[] events) =>
        (await shop.Store.AppendAsync([Commit($"order/{order}", hasWork, JsonSerializer.SerializeToUtf8Bytes(events, OrderJson.Default.OrderEventArray))], default)).ShouldBe([true]);

    /// <summary>An order of one unit has begun.</summary>
    public static OrderEvent Started(PlaceOrder command, string sku) =>
        new OrderEvent.CheckoutStarted(command, [new OrderLine(new Sku(sku), new ProductId("p"), "P", 1, Euro(100))], Euro(100), DateTimeOffset.UtcNow);

    /// <summary>One unit, for sale; the id of an order that is still to come.</summary>
    public static async Task<OrderId> OfferAsync(ShopCluster shop)
    {
        await shop.Grains.GetGrain<IStockGrain>(LastOne).Receive(new ReceiveStock(1, "r"));
        await PublishAsync(shop);
        return new OrderId(Guid.NewGuid().ToString());
    }

    /// <summary>The SKU is for sale.</summary>
    public static Task<ProductId> PublishAsync(ShopCluster shop) =>
        shop.Grains.GetGrain<IOfferGrain>(LastOne).Publish(new Offer(new Sku(LastOne), new ProductId("p"), 1, "P", [Euro(100)], true));

    /// <summary>Buys the unit.</summary>
    public static PlaceOrder Command(string token) =>
        new("f", null, null, null, [new LineRequest(new Sku(LastOne), 1, null)], [], Currency.Parse("EUR"), new Contact(null, null), "card", token);

    /// <summary>What each commit of a grain after a version says, in the last words of its events' types.</summary>
    public static async Task<string[]> EventsOf(ShopCluster shop, string grain, long afterVersion) =>
        [.. (await shop.Store.ReadGrainAsync(grain, afterVersion, 10, default)).Select(c => string.Join(' ', JsonDocument.Parse(c.Events).RootElement.EnumerateArray().Select(e => e.GetProperty("$type").GetString()!.Split('.')[1])))];

    /// <summary>The first commit of a grain.</summary>
    public static JournalCommit Commit(string grain, bool hasWork, byte[] events) => new(grain, 1, Guid.NewGuid(), 1, hasWork, true, DateTimeOffset.UtcNow, events);

    /// <summary>An amount in cents.</summary>
    public static Money Euro(long cents) => new(cents, Currency.Parse("EUR"));
}
