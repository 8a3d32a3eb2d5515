using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Shop.Catalog;
using Shop.Journaling;
using Shop.Orders;
using Shop.Payments;
using Shop.Stock;
using Shop.Testing;
using static Shop.Silo.Tests.Checkouts;

namespace Shop.Silo.Tests;

/// <summary>Checkouts that were interrupted when more had been done than the order's own events say.</summary>
public sealed class SagaTests
{
    [Theory, SqliteStore, PostgreSqlStore]
    public async Task An_interrupted_order_whose_goods_are_gone_lets_the_money_go_that_was_held_for_it(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        OrderId order = await BeginAsync(shop);
        await shop.Grains.GetGrain<IPaymentGrain>(order.Value).Authorise(new AuthorisePayment(Euro(100), "card", "tok_approve"));
        // What was held for it ran out, and somebody else has bought it.
        (await shop.Grains.GetGrain<IStockGrain>(LastOne).Reserve(new ReserveStock(new ReservationId("somebody"), 1, TimeSpan.FromHours(1), null))).ShouldBeOfType<StockAnswer.Reserved>();
        (await shop.Grains.GetGrain<IOrderGrain>(order.Value).Resume()).ShouldBeOfType<OrderAnswer.Rejected>();
        (await shop.Grains.GetGrain<IPaymentGrain>(order.Value).Get()).ShouldBeOfType<PaymentAnswer.Ok>().Payment.Status.ShouldBe(PaymentStatus.Voided);
        ((StockAnswer.Done)await shop.Grains.GetGrain<IStockGrain>(LastOne).Get()).Level.Reserved.ShouldBe(1);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task An_interrupted_order_of_which_everything_was_done_is_placed_once(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        OrderId order = await BeginAsync(shop);
        IStockGrain stock = shop.Grains.GetGrain<IStockGrain>(LastOne);
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
        IStockGrain stock = shop.Grains.GetGrain<IStockGrain>(LastOne);
        await stock.Reserve(new ReserveStock(new ReservationId(order.Value), 1, TimeSpan.FromMinutes(1), null));
        await stock.Confirm(new ReservationId(order.Value));
        PaymentEvent[] asked = [new PaymentEvent.Requested(Euro(100), "card", "tok_approve", now)];
        (await shop.Store.AppendAsync([Commit($"payment/{order}", false, JsonSerializer.SerializeToUtf8Bytes(asked, PaymentJson.Default.PaymentEventArray))], default)).ShouldBe([true]);
        (await shop.Grains.GetGrain<IOrderGrain>(order.Value).Resume()).ShouldBeOfType<OrderAnswer.Ok>().Order.Status.ShouldBe(OrderStatus.Placed);
        (await shop.Grains.GetGrain<IPaymentGrain>(order.Value).Get()).ShouldBeOfType<PaymentAnswer.Ok>().Payment.Status.ShouldBe(PaymentStatus.Captured);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_stock_that_a_crash_made_forget_what_it_held_sells_it_all_the_same(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        OrderId order = await BeginAsync(shop, [new OrderEvent.StockReserved([], Euro(100), now), new OrderEvent.PaymentAuthorised(now)]);
        (await shop.Grains.GetGrain<IOrderGrain>(order.Value).Resume()).ShouldBeOfType<OrderAnswer.Ok>().Order.Status.ShouldBe(OrderStatus.Placed);
        StockLevel level = ((StockAnswer.Done)await shop.Grains.GetGrain<IStockGrain>(LastOne).Get()).Level;
        (level.Sold, level.Reserved, level.OnHand).ShouldBe((1, 0, 0));
        (await shop.Grains.GetGrain<IPaymentGrain>(order.Value).Get()).ShouldBeOfType<PaymentAnswer.Ok>().Payment.Status.ShouldBe(PaymentStatus.Captured);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task What_a_crash_made_the_stock_forget_and_another_has_bought_is_not_sold_again(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        OrderId order = await BeginAsync(shop, [new OrderEvent.StockReserved([], Euro(100), now), new OrderEvent.PaymentAuthorised(now)]);
        IStockGrain stock = shop.Grains.GetGrain<IStockGrain>(LastOne);
        await stock.Reserve(new ReserveStock(new ReservationId("somebody"), 1, TimeSpan.FromHours(1), null));
        await stock.Confirm(new ReservationId("somebody"));
        (await shop.Grains.GetGrain<IOrderGrain>(order.Value).Resume()).ShouldBeOfType<OrderAnswer.Rejected>();
        ((StockAnswer.Done)await stock.Get()).Level.Sold.ShouldBe(1);
        // Nothing is known of the payment, so the provider was told to let it go.
        (await shop.Grains.GetGrain<IPaymentGrain>(order.Value).Get()).ShouldBeOfType<PaymentAnswer.Ok>().Payment.Status.ShouldBe(PaymentStatus.Voided);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task An_interrupted_order_whose_goods_are_gone_gives_back_the_money_that_was_taken_for_it(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        OrderId order = await BeginAsync(shop);
        // The capture became durable, the sale beside it did not.
        IPaymentGrain payment = shop.Grains.GetGrain<IPaymentGrain>(order.Value);
        await payment.Authorise(new AuthorisePayment(Euro(100), "card", "tok_approve"));
        await payment.Capture();
        IStockGrain stock = shop.Grains.GetGrain<IStockGrain>(LastOne);
        await stock.Reserve(new ReserveStock(new ReservationId("somebody"), 1, TimeSpan.FromHours(1), null));
        await stock.Confirm(new ReservationId("somebody"));
        (await shop.Grains.GetGrain<IOrderGrain>(order.Value).Resume()).ShouldBeOfType<OrderAnswer.Rejected>();
        await MoneyIsBackAsync(payment);
        ((StockAnswer.Done)await stock.Get()).Level.Sold.ShouldBe(1);
    }

    [Theory, InlineData(49, true), InlineData(50, false)]
    public async Task Money_is_taken_while_the_sale_of_what_was_held_a_moment_ago_becomes_durable_and_otherwise_after_it(int providerMs, bool isBeside)
    {
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        var provider = new ScriptedProvider();
        await using ShopCluster shop = await StartAsync(place, provider);
        OrderId order = await OfferAsync(shop);
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        provider.OnAuthorise = () =>
        {
            provider.Clock.Advance(TimeSpan.FromMilliseconds(providerMs));
            shop.Store.Close();
            closed.SetResult();
            return Task.CompletedTask;
        };
        Task<OrderAnswer> placing = shop.Grains.GetGrain<IOrderGrain>(order.Value).Place(Command("tok_approve"));
        await closed.Task.WaitAsync(TimeSpan.FromSeconds(10));
        if (isBeside) await provider.Captured.WaitAsync(TimeSpan.FromSeconds(10));
        await Task.Delay(200);
        // Nothing is answered before all of it is durable.
        (provider.Captured.IsCompleted, placing.IsCompleted).ShouldBe((isBeside, false));
        shop.Store.Open();
        (await placing).ShouldBeOfType<OrderAnswer.Ok>().Order.Status.ShouldBe(OrderStatus.Placed);
        provider.Captured.IsCompleted.ShouldBeTrue();
        ((StockAnswer.Done)await shop.Grains.GetGrain<IStockGrain>(LastOne).Get()).Level.Sold.ShouldBe(1);
    }

    [Fact]
    public async Task What_is_not_there_any_more_when_it_is_sold_is_refunded()
    {
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        var provider = new ScriptedProvider();
        await using ShopCluster shop = await StartAsync(place, provider);
        OrderId order = await OfferAsync(shop);
        IStockGrain stock = shop.Grains.GetGrain<IStockGrain>(LastOne);
        provider.OnAuthorise = async () => (await stock.Release(new ReservationId(order.Value))).ShouldBeOfType<StockAnswer.Released>();
        (await shop.Grains.GetGrain<IOrderGrain>(order.Value).Place(Command("tok_approve"))).ShouldBeOfType<OrderAnswer.Rejected>();
        provider.Captured.IsCompleted.ShouldBeTrue();
        provider.Refunds.ShouldBe([(order.Value, Euro(100))]);
        await MoneyIsBackAsync(shop.Grains.GetGrain<IPaymentGrain>(order.Value));
        StockLevel level = ((StockAnswer.Done)await stock.Get()).Level;
        (level.Sold, level.Reserved, level.OnHand).ShouldBe((0, 0, 1));
    }

    [Fact]
    public async Task A_capture_that_failed_beside_the_sale_is_done_again_and_the_order_is_placed_once()
    {
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        var provider = new ScriptedProvider { CaptureFails = true };
        await using ShopCluster shop = await StartAsync(place, provider);
        OrderId order = await OfferAsync(shop);
        IOrderGrain grain = shop.Grains.GetGrain<IOrderGrain>(order.Value);
        await Should.ThrowAsync<IOException>(grain.Place(Command("tok_approve")));
        (await grain.Get(Caller.Admin)).ShouldBeOfType<OrderAnswer.Ok>().Order.Status.ShouldBe(OrderStatus.Pending);
        provider.CaptureFails = false;
        (await grain.Resume()).ShouldBeOfType<OrderAnswer.Ok>().Order.Status.ShouldBe(OrderStatus.Placed);
        (await shop.Grains.GetGrain<IPaymentGrain>(order.Value).Get()).ShouldBeOfType<PaymentAnswer.Ok>().Payment.Captured.ShouldBe(Euro(100));
        StockLevel level = ((StockAnswer.Done)await shop.Grains.GetGrain<IStockGrain>(LastOne).Get()).Level;
        (level.Sold, level.Reserved, level.OnHand).ShouldBe((1, 0, 0));
    }

    [Theory, InlineData("tok_approve", "reserved confirmed"), InlineData("tok_timeout", "reserved")]
    public async Task What_is_held_is_written_with_the_sale_or_as_soon_as_the_payment_takes_its_time(string token, string expected)
    {
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        await shop.Grains.GetGrain<IStockGrain>(LastOne).Receive(new ReceiveStock(1, "r"));
        (await shop.Grains.GetGrain<IStockGrain>(LastOne).Reserve(new ReserveStock(new("other"), 1, TimeSpan.FromHours(1), null) { IsTentative = true })).ShouldBeOfType<StockAnswer.Reserved>();
        (await shop.Store.ReadGrainAsync($"stock/{LastOne}", 1, 10, default)).ShouldBeEmpty();
        await shop.Grains.GetGrain<IStockGrain>(LastOne).Release(new("other"));
        (await EventsOf(shop, $"stock/{LastOne}", 1)).ShouldBe(["reserved released"]);

        var order = new OrderId(Guid.NewGuid().ToString());
        await PublishAsync(shop);
        await shop.Grains.GetGrain<IOrderGrain>(order.Value).Place(Command(token));
        (await EventsOf(shop, $"stock/{LastOne}", 2)).ShouldBe([expected]);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task What_is_written_of_a_payment_that_is_wrongly_thought_new_is_refused_and_the_next_who_asks_finds_it(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        string id = Guid.NewGuid().ToString();
        PaymentEvent[] before = [new PaymentEvent.Requested(Euro(100), "card", "tok_approve", DateTimeOffset.UtcNow), new PaymentEvent.Voided(DateTimeOffset.UtcNow)];
        (await shop.Store.AppendAsync([Commit($"payment/{id}", false, JsonSerializer.SerializeToUtf8Bytes(before, PaymentJson.Default.PaymentEventArray))], default)).ShouldBe([true]);
        IPaymentGrain payment = shop.Grains.GetGrain<IPaymentGrain>(id);
        await payment.Authorise(new AuthorisePayment(Euro(100), "card", "tok_approve") { IsFirst = true });
        await Should.ThrowAsync<JournalException>(payment.Capture());
        (await WhenItHasGone(payment.Get)).ShouldBeOfType<PaymentAnswer.Ok>().Payment.Status.ShouldBe(PaymentStatus.Voided);
        (await shop.Store.ReadGrainAsync($"payment/{id}", 0, 10, default)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_payment_that_is_answered_leaves_no_timer_behind()
    {
        var provider = new ScriptedProvider();
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        await using ShopCluster shop = await StartAsync(place, provider);
        OrderId order = await OfferAsync(shop);
        provider.Clock.Endless = TimeSpan.FromMilliseconds(50);
        (await shop.Grains.GetGrain<IOrderGrain>(order.Value).Place(Command("tok_approve"))).ShouldBeOfType<OrderAnswer.Ok>();
        provider.Clock.Timers.Where(t => t.Due == provider.Clock.Endless).ShouldHaveSingleItem().IsDisposed.ShouldBeTrue();
    }

    // An activation that was refused goes, which may take a moment; until then it refuses everybody.
    private static async Task<PaymentAnswer> WhenItHasGone(Func<Task<PaymentAnswer>> ask)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return await ask();
            }
            catch (JournalException) when (attempt < 200)
            {
                await Task.Delay(10);
            }
        }
    }

    private static Task<ShopCluster> StartAsync(StorePlace place, ScriptedProvider provider) =>
        ShopCluster.StartAsync(place, services => services.AddSingleton<IPaymentProvider>(provider).AddSingleton<TimeProvider>(provider.Clock));

    private static async Task MoneyIsBackAsync(IPaymentGrain payment)
    {
        PaymentView view = (await payment.Get()).ShouldBeOfType<PaymentAnswer.Ok>().Payment;
        (view.Captured, view.Refunded, view.Held).ShouldBe((Euro(100), Euro(100), Euro(0)));
    }
}
