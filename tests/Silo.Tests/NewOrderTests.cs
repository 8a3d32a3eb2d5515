using Shop.Journaling;
using Shop.Orders;
using Shop.Payments;
using Shop.Stock;
using Shop.Testing;
using static Shop.Silo.Tests.Checkouts;

namespace Shop.Silo.Tests;

/// <summary>Orders that are answered before their own last events are durable, and orders that are taken for new.</summary>
public sealed class NewOrderTests
{
    [Fact]
    public async Task A_customer_is_told_as_soon_as_sale_and_payment_are_durable_and_whoever_asks_later_hears_the_same()
    {
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        OrderId order = await OfferAsync(shop);
        IOrderGrain grain = shop.Grains.GetGrain<IOrderGrain>(order.Value);
        shop.Store.Close(IsEndOfOrder);
        (await grain.Place(Command("tok_approve"))).ShouldBeOfType<OrderAnswer.Ok>().Order.Status.ShouldBe(OrderStatus.Placed);
        (await EventsOf(shop, $"order/{order}", 0)).ShouldHaveSingleItem().ShouldNotContain("payment");
        (await EventsOf(shop, $"stock/{LastOne}", 1)).ShouldBe(["reserved confirmed"]);
        (await EventsOf(shop, $"payment/{order}", 0)).ShouldBe(["requested authorised captured"]);
        // The activation has nothing more to do, but goes only when the next one finds everything.
        Task<OrderAnswer> asking = grain.Get(Caller.Admin);
        await Task.Delay(200);
        asking.IsCompleted.ShouldBeFalse();
        shop.Store.Open();
        (await asking).ShouldBeOfType<OrderAnswer.Ok>().Order.Status.ShouldBe(OrderStatus.Placed);
        string.Join(' ', await EventsOf(shop, $"order/{order}", 0)).ShouldBe("checkout-started stock-reserved payment-authorised stock-confirmed payment-captured placed");
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task What_a_customer_was_told_is_true_also_when_the_last_events_of_the_order_were_lost(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using ShopCluster shop = await ShopCluster.StartAsync(place, commitTimeout: "00:00:00.500");
        OrderId order = await OfferAsync(shop);
        IOrderGrain grain = shop.Grains.GetGrain<IOrderGrain>(order.Value);
        shop.Store.Close(IsEndOfOrder);
        (await grain.Place(Command("tok_approve"))).ShouldBeOfType<OrderAnswer.Ok>().Order.Status.ShouldBe(OrderStatus.Placed);
        // Until nobody tries any more to write them, and the activation that had them in memory is gone.
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        shop.Store.Open();
        (await EventsOf(shop, $"order/{order}", 1)).ShouldBeEmpty();
        (await grain.Fulfil(new FulfilOrder("f", [], null))).ShouldBeOfType<OrderAnswer.Ok>().Order.Status.ShouldBe(OrderStatus.Fulfilled);
        (await grain.Get(Caller.Admin)).ShouldBeOfType<OrderAnswer.Ok>().Order.Status.ShouldBe(OrderStatus.Fulfilled);
        StockLevel level = ((StockAnswer.Done)await shop.Grains.GetGrain<IStockGrain>(LastOne).Get()).Level;
        (level.Sold, level.Reserved, level.OnHand).ShouldBe((1, 0, 0));
    }

    [Theory, InlineData(true, OrderStatus.Placed), InlineData(false, OrderStatus.Pending)]
    public async Task An_interrupted_order_goes_on_when_somebody_asks_for_it_if_it_may_have_been_answered_as_placed(bool isPaid, OrderStatus expected)
    {
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        OrderId order = await BeginAsync(shop);
        IPaymentGrain payment = shop.Grains.GetGrain<IPaymentGrain>(order.Value);
        await payment.Authorise(new AuthorisePayment(Euro(100), "card", "tok_approve"));
        if (isPaid) await payment.Capture();
        (await shop.Grains.GetGrain<IOrderGrain>(order.Value).Get(Caller.Admin)).ShouldBeOfType<OrderAnswer.Ok>().Order.Status.ShouldBe(expected);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task An_order_that_was_taken_for_new_and_is_not_goes_on_where_it_was(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        await PublishAsync(shop);
        OrderId order = await BeginAsync(shop);
        IOrderGrain grain = shop.Grains.GetGrain<IOrderGrain>(order.Value);
        (await grain.Place(Command("tok_approve") with { IsFirst = true })).ShouldBeOfType<OrderAnswer.Known>();
        (await grain.PlaceAsync(Command("tok_approve"))).ShouldBeOfType<OrderAnswer.Ok>().Order.Status.ShouldBe(OrderStatus.Placed);
        StockLevel level = ((StockAnswer.Done)await shop.Grains.GetGrain<IStockGrain>(LastOne).Get()).Level;
        (level.Sold, level.Reserved, level.OnHand).ShouldBe((1, 0, 0));
        (await grain.Get(Caller.Admin)).ShouldBeOfType<OrderAnswer.Ok>();
        (await EventsOf(shop, $"order/{order}", 0)).Length.ShouldBe(2);
    }

    [Fact]
    public async Task The_retry_of_an_order_that_this_silo_has_not_met_is_not_refused_because_the_time_to_buy_is_over()
    {
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        OrderId order = await BeginAsync(shop);
        PlaceOrder late = Command("tok_approve") with { Barred = [new Sku(LastOne)] };
        (await shop.Grains.GetGrain<IOrderGrain>(order.Value).PlaceAsync(late)).ShouldBeOfType<OrderAnswer.Ok>().Order.Status.ShouldBe(OrderStatus.Placed);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Nobody_is_told_that_there_is_no_order_while_it_is_taken_for_new(bool isForSale)
    {
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        if (isForSale) await PublishAsync(shop);
        OrderId order = await BeginAsync(shop);
        IOrderGrain grain = shop.Grains.GetGrain<IOrderGrain>(order.Value);
        shop.Store.Close();
        Task<OrderAnswer> placing = grain.Place(Command("tok_approve") with { IsFirst = true });
        await Task.Delay(200);
        Task<OrderAnswer> asking = grain.Get(Caller.Admin);
        await Task.Delay(200);
        (placing.IsCompleted, asking.IsCompleted).ShouldBe((false, false));
        shop.Store.Open();
        (await placing).ShouldBeOfType<OrderAnswer.Known>();
        await Should.ThrowAsync<JournalException>(asking);
        (await grain.Get(Caller.Admin)).ShouldBeOfType<OrderAnswer.Ok>().Order.Id.ShouldBe(order);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task An_order_that_was_taken_for_new_and_has_ended_or_is_another_holds_nothing(bool hasEnded)
    {
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        OrderId order = await OfferAsync(shop);
        OrderEvent before = hasEnded
            ? new OrderEvent.CheckoutRefused("f", null, null, new Rejection.BadTotal("not now"), DateTimeOffset.UtcNow)
            : Started(Command("tok_approve") with { Fingerprint = "other" }, "other");
        await WriteAsync(shop, order, hasWork: !hasEnded, before);
        IOrderGrain grain = shop.Grains.GetGrain<IOrderGrain>(order.Value);
        (await grain.Place(Command("tok_approve") with { IsFirst = true })).ShouldBeOfType<OrderAnswer.Known>();
        ((StockAnswer.Done)await shop.Grains.GetGrain<IStockGrain>(LastOne).Get()).Level.Reserved.ShouldBe(1);
        (await grain.PlaceAsync(Command("tok_approve"))).GetType().ShouldBe(hasEnded ? typeof(OrderAnswer.Rejected) : typeof(OrderAnswer.OtherCommand));
        ((StockAnswer.Done)await shop.Grains.GetGrain<IStockGrain>(LastOne).Get()).Level.Reserved.ShouldBe(0);
    }

    // After the commit that says what was ordered.
    private static bool IsEndOfOrder(JournalCommit commit) => commit.Version > 1 && commit.GrainId.StartsWith("order/", StringComparison.Ordinal);
}
