using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Shop.Catalog;
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

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_stock_that_a_crash_made_forget_what_it_held_sells_it_all_the_same(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        OrderId order = await BeginAsync(shop, [new OrderEvent.StockReserved([], Euro(100), now), new OrderEvent.PaymentAuthorised(now)]);
        (await shop.Grains.GetGrain<IOrderGrain>(order.Value).Resume()).ShouldBeOfType<OrderAnswer.Ok>().Order.Status.ShouldBe(OrderStatus.Placed);
        StockLevel level = ((StockAnswer.Done)await shop.Grains.GetGrain<IStockGrain>(Sku).Get()).Level;
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
        IStockGrain stock = shop.Grains.GetGrain<IStockGrain>(Sku);
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
        IStockGrain stock = shop.Grains.GetGrain<IStockGrain>(Sku);
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
        provider.OnAuthorise = () =>
        {
            provider.Clock.Advance(TimeSpan.FromMilliseconds(providerMs));
            shop.Store.Close();
            return Task.CompletedTask;
        };
        Task<OrderAnswer> placing = shop.Grains.GetGrain<IOrderGrain>(order.Value).Place(Command("tok_approve"));
        if (isBeside) await provider.Captured.WaitAsync(TimeSpan.FromSeconds(10));
        await Task.Delay(200);
        // Nothing is answered before all of it is durable.
        (provider.Captured.IsCompleted, placing.IsCompleted).ShouldBe((isBeside, false));
        shop.Store.Open();
        (await placing).ShouldBeOfType<OrderAnswer.Ok>().Order.Status.ShouldBe(OrderStatus.Placed);
        provider.Captured.IsCompleted.ShouldBeTrue();
        ((StockAnswer.Done)await shop.Grains.GetGrain<IStockGrain>(Sku).Get()).Level.Sold.ShouldBe(1);
    }

    [Fact]
    public async Task What_is_not_there_any_more_when_it_is_sold_is_refunded()
    {
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        var provider = new ScriptedProvider();
        await using ShopCluster shop = await StartAsync(place, provider);
        OrderId order = await OfferAsync(shop);
        IStockGrain stock = shop.Grains.GetGrain<IStockGrain>(Sku);
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
        StockLevel level = ((StockAnswer.Done)await shop.Grains.GetGrain<IStockGrain>(Sku).Get()).Level;
        (level.Sold, level.Reserved, level.OnHand).ShouldBe((1, 0, 0));
    }

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
        (await EventsOf(shop, $"stock/{Sku}", 1)).ShouldBe(["reserved confirmed"]);
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
        StockLevel level = ((StockAnswer.Done)await shop.Grains.GetGrain<IStockGrain>(Sku).Get()).Level;
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
        StockLevel level = ((StockAnswer.Done)await shop.Grains.GetGrain<IStockGrain>(Sku).Get()).Level;
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
        PlaceOrder late = Command("tok_approve") with { Barred = [new Sku(Sku)] };
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
        OrderEvent[] before = hasEnded
            ? [new OrderEvent.CheckoutRefused("f", null, null, new Rejection.BadTotal("not now"), DateTimeOffset.UtcNow)]
            : [new OrderEvent.CheckoutStarted(Command("tok_approve") with { Fingerprint = "other" }, [new OrderLine(new Sku("other"), new ProductId("p"), "P", 1, Euro(100))], Euro(100), DateTimeOffset.UtcNow)];
        (await shop.Store.AppendAsync([Commit($"order/{order}", !hasEnded, JsonSerializer.SerializeToUtf8Bytes(before, OrderJson.Default.OrderEventArray))], default)).ShouldBe([true]);
        IOrderGrain grain = shop.Grains.GetGrain<IOrderGrain>(order.Value);
        (await grain.Place(Command("tok_approve") with { IsFirst = true })).ShouldBeOfType<OrderAnswer.Known>();
        ((StockAnswer.Done)await shop.Grains.GetGrain<IStockGrain>(Sku).Get()).Level.Reserved.ShouldBe(1);
        (await grain.PlaceAsync(Command("tok_approve"))).GetType().ShouldBe(hasEnded ? typeof(OrderAnswer.Rejected) : typeof(OrderAnswer.OtherCommand));
        ((StockAnswer.Done)await shop.Grains.GetGrain<IStockGrain>(Sku).Get()).Level.Reserved.ShouldBe(0);
    }

    [Theory, InlineData("tok_approve", "reserved confirmed"), InlineData("tok_timeout", "reserved")]
    public async Task What_is_held_is_written_with_the_sale_or_as_soon_as_the_payment_takes_its_time(string token, string expected)
    {
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        await shop.Grains.GetGrain<IStockGrain>(Sku).Receive(new ReceiveStock(1, "r"));
        (await shop.Grains.GetGrain<IStockGrain>(Sku).Reserve(new ReserveStock(new("other"), 1, TimeSpan.FromHours(1), null) { IsTentative = true })).ShouldBeOfType<StockAnswer.Reserved>();
        (await shop.Store.ReadGrainAsync($"stock/{Sku}", 1, 10, default)).ShouldBeEmpty();
        await shop.Grains.GetGrain<IStockGrain>(Sku).Release(new("other"));
        (await EventsOf(shop, $"stock/{Sku}", 1)).ShouldBe(["reserved released"]);

        var order = new OrderId(Guid.NewGuid().ToString());
        await PublishAsync(shop);
        await shop.Grains.GetGrain<IOrderGrain>(order.Value).Place(Command(token));
        (await EventsOf(shop, $"stock/{Sku}", 2)).ShouldBe([expected]);
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

    // The order's first event is in the journal, and the silo that wrote it is gone.
    private static async Task<OrderId> BeginAsync(ShopCluster shop, params OrderEvent[] more)
    {
        await shop.Grains.GetGrain<IStockGrain>(Sku).Receive(new ReceiveStock(1, "r"));
        var order = new OrderId(Guid.NewGuid().ToString());
        OrderEvent[] events = [new OrderEvent.CheckoutStarted(Command("tok_approve"), [new OrderLine(new Sku(Sku), new ProductId("p"), "P", 1, Euro(100))], Euro(100), DateTimeOffset.UtcNow), .. more];
        (await shop.Store.AppendAsync([Commit($"order/{order}", true, JsonSerializer.SerializeToUtf8Bytes(events, OrderJson.Default.OrderEventArray))], default)).ShouldBe([true]);
        return order;
    }

    private static Task<ShopCluster> StartAsync(StorePlace place, ScriptedProvider provider) =>
        ShopCluster.StartAsync(place, services => services.AddSingleton<IPaymentProvider>(provider).AddSingleton<TimeProvider>(provider.Clock));

    // One unit, for sale.
    private static async Task<OrderId> OfferAsync(ShopCluster shop)
    {
        await shop.Grains.GetGrain<IStockGrain>(Sku).Receive(new ReceiveStock(1, "r"));
        await PublishAsync(shop);
        return new OrderId(Guid.NewGuid().ToString());
    }

    private static Task<ProductId> PublishAsync(ShopCluster shop) =>
        shop.Grains.GetGrain<IOfferGrain>(Sku).Publish(new Offer(new Sku(Sku), new ProductId("p"), 1, "P", [Euro(100)], true));

    private static async Task MoneyIsBackAsync(IPaymentGrain payment)
    {
        PaymentView view = (await payment.Get()).ShouldBeOfType<PaymentAnswer.Ok>().Payment;
        (view.Captured, view.Refunded, view.Held).ShouldBe((Euro(100), Euro(100), Euro(0)));
    }

    private static PlaceOrder Command(string token) =>
        new("f", null, null, null, [new LineRequest(new Sku(Sku), 1, null)], [], Currency.Parse("EUR"), new Contact(null, null), "card", token);

    // What each commit of a stock after a version says, in the last words of its events' types.
    private static async Task<string[]> EventsOf(ShopCluster shop, string grain, long afterVersion) =>
        [.. (await shop.Store.ReadGrainAsync(grain, afterVersion, 10, default)).Select(c => string.Join(' ', JsonDocument.Parse(c.Events).RootElement.EnumerateArray().Select(e => e.GetProperty("$type").GetString()!.Split('.')[1])))];

    // After the commit that says what was ordered.
    private static bool IsEndOfOrder(JournalCommit commit) => commit.Version > 1 && commit.GrainId.StartsWith("order/", StringComparison.Ordinal);

    private static JournalCommit Commit(string grain, bool hasWork, byte[] events) => new(grain, 1, Guid.NewGuid(), 1, hasWork, true, DateTimeOffset.UtcNow, events);

    private static Money Euro(long cents) => new(cents, Currency.Parse("EUR"));

    // Approves everything, and says what it was asked to take and to give back.
    private sealed class ScriptedProvider : IPaymentProvider
    {
        private readonly TaskCompletionSource _captured = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public StillStopwatch Clock { get; } = new();

        public bool CaptureFails { get; set; }

        public Func<Task> OnAuthorise { get; set; } = () => Task.CompletedTask;

        public Task Captured => _captured.Task;

        public List<(string Payment, Money Amount)> Refunds { get; } = [];

        public async Task<ProviderAnswer> Authorise(string paymentId, Money amount, string method, string token, CancellationToken cancellation)
        {
            await OnAuthorise();
            return new ProviderAnswer.Approved("ref");
        }

        public Task<ProviderAnswer> Query(string paymentId, string token, CancellationToken cancellation) => Task.FromResult<ProviderAnswer>(new ProviderAnswer.Approved("ref"));

        public Task Capture(string paymentId, string providerReference, Money amount, CancellationToken cancellation)
        {
            if (CaptureFails) throw new IOException("The provider did not answer.");
            _captured.TrySetResult();
            return Task.CompletedTask;
        }

        public Task Void(string paymentId, CancellationToken cancellation) => Task.CompletedTask;

        public Task Refund(string paymentId, string refundId, Money amount, CancellationToken cancellation)
        {
            Refunds.Add((paymentId, amount));
            return Task.CompletedTask;
        }
    }

    // What is measured between two moments takes as long as the test says, however slow the machine is.
    private sealed class StillStopwatch : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Volatile.Read(ref _ticks);

        public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
    }
}
