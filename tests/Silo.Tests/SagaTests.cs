using System.Text.Json;
using Shop.Journaling;
using Shop.Orders;
using Shop.Payments;
using Shop.Stock;
using Shop.Testing;

namespace Shop.Silo.Tests;

/// <summary>Checkouts that were interrupted when more had been done than the order's own events say.</summary>
public sealed class SagaTests
{
    private const string Sku = "last-one";

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task An_interrupted_order_whose_goods_are_gone_lets_the_money_go_that_was_held_for_it(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        OrderId order = await BeginAsync(shop);
        await shop.Grains.GetGrain<IPaymentGrain>(order.Value).Authorise(new AuthorisePayment(Euro(100), "card", "tok_approve"));
        // What was held for it ran out, and somebody else has bought it.
        (await shop.Grains.GetGrain<IStockGrain>(Sku).Reserve(new ReserveStock(new ReservationId("somebody"), 1, TimeSpan.FromHours(1), null))).ShouldBeOfType<StockAnswer.Reserved>();
        (await shop.Grains.GetGrain<IOrderGrain>(order.Value).Resume()).ShouldBeOfType<OrderAnswer.Rejected>();
        (await shop.Grains.GetGrain<IPaymentGrain>(order.Value).Get()).ShouldBeOfType<PaymentAnswer.Ok>().Payment.Status.ShouldBe(PaymentStatus.Voided);
        ((StockAnswer.Done)await shop.Grains.GetGrain<IStockGrain>(Sku).Get()).Level.Reserved.ShouldBe(1);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task An_interrupted_order_of_which_everything_was_done_is_placed_once(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        OrderId order = await BeginAsync(shop);
        IStockGrain stock = shop.Grains.GetGrain<IStockGrain>(Sku);
        await stock.Reserve(new ReserveStock(new ReservationId(order.Value), 1, TimeSpan.FromMinutes(1), null));
        await shop.Grains.GetGrain<IPaymentGrain>(order.Value).Authorise(new AuthorisePayment(Euro(100), "card", "tok_approve"));
        await stock.Confirm(new ReservationId(order.Value));
        await shop.Grains.GetGrain<IPaymentGrain>(order.Value).Capture();
        (await shop.Grains.GetGrain<IOrderGrain>(order.Value).Resume()).ShouldBeOfType<OrderAnswer.Ok>().Order.Status.ShouldBe(OrderStatus.Placed);
        StockLevel level = ((StockAnswer.Done)await stock.Get()).Level;
        (level.Sold, level.Reserved, level.OnHand).ShouldBe((1, 0, 0));
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_payment_that_a_crash_made_forget_its_approval_is_captured_all_the_same(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        OrderId order = await BeginAsync(shop, [new OrderEvent.StockReserved([], Euro(100), now), new OrderEvent.PaymentAuthorised(now), new OrderEvent.StockConfirmed(now)]);
        IStockGrain stock = shop.Grains.GetGrain<IStockGrain>(Sku);
        await stock.Reserve(new ReserveStock(new ReservationId(order.Value), 1, TimeSpan.FromMinutes(1), null));
        await stock.Confirm(new ReservationId(order.Value));
        PaymentEvent[] asked = [new PaymentEvent.Requested(Euro(100), "card", "tok_approve", now)];
        (await shop.Store.AppendAsync([Commit($"payment/{order}", false, JsonSerializer.SerializeToUtf8Bytes(asked, PaymentJson.Default.PaymentEventArray))], default)).ShouldBe([true]);
        (await shop.Grains.GetGrain<IOrderGrain>(order.Value).Resume()).ShouldBeOfType<OrderAnswer.Ok>().Order.Status.ShouldBe(OrderStatus.Placed);
        (await shop.Grains.GetGrain<IPaymentGrain>(order.Value).Get()).ShouldBeOfType<PaymentAnswer.Ok>().Payment.Status.ShouldBe(PaymentStatus.Captured);
    }

    // The order's first event is in the journal, and the silo that wrote it is gone.
    private static async Task<OrderId> BeginAsync(ShopCluster shop, params OrderEvent[] more)
    {
        await shop.Grains.GetGrain<IStockGrain>(Sku).Receive(new ReceiveStock(1, "r"));
        var order = new OrderId(Guid.NewGuid().ToString());
        var command = new PlaceOrder("f", null, null, null, [new LineRequest(new Sku(Sku), 1, null)], [], Currency.Parse("EUR"), new Contact(null, null), "card", "tok_approve");
        OrderEvent[] events = [new OrderEvent.CheckoutStarted(command, [new OrderLine(new Sku(Sku), new ProductId("p"), "P", 1, Euro(100))], Euro(100), DateTimeOffset.UtcNow), .. more];
        (await shop.Store.AppendAsync([Commit($"order/{order}", true, JsonSerializer.SerializeToUtf8Bytes(events, OrderJson.Default.OrderEventArray))], default)).ShouldBe([true]);
        return order;
    }

    private static JournalCommit Commit(string grain, bool hasWork, byte[] events) => new(grain, 1, Guid.NewGuid(), 1, hasWork, DateTimeOffset.UtcNow, events);

    private static Money Euro(long cents) => new(cents, Currency.Parse("EUR"));
}
