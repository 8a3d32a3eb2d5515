using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Shop.Journaling;
using Shop.Orders;
using Shop.Payments;
using Shop.Stock;
using Shop.Testing;

namespace Shop.Silo.Tests;

/// <summary>What commands hear when the store breaks, is gone, is slow, or has another writer.</summary>
public sealed class JournalWriterTests
{
    private static readonly TimeSpan Ttl = TimeSpan.FromMinutes(5);

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_commit_whose_connection_breaks_is_repeated_and_happens_once(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        IStockGrain stock = shop.Grains.GetGrain<IStockGrain>("A");
        shop.Store.BreakAfter = 1;
        Level(await stock.Receive(new ReceiveStock(5, "r1"))).OnHand.ShouldBe(5);
        shop.Store.BreakBefore = 2;
        Level(await stock.Receive(new ReceiveStock(5, "r2"))).OnHand.ShouldBe(10);
        (await shop.Store.ReadGrainAsync("stock/A", 0, 10, default)).Select(c => c.Version).ShouldBe([1, 2]);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_command_whose_outcome_is_unknown_says_so_and_its_retry_finds_out(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using ShopCluster shop = await ShopCluster.StartAsync(place, commitTimeout: "00:00:01");
        IStockGrain stock = shop.Grains.GetGrain<IStockGrain>("A");
        shop.Store.BreakAfter = int.MaxValue;
        await Should.ThrowAsync<CommitUnknownException>(() => stock.Receive(new ReceiveStock(5, "r1")));
        shop.Store.BreakAfter = 0;
        await Eventually(async () =>
        {
            try
            {
                return Level(await stock.Receive(new ReceiveStock(5, "r1"))).OnHand == 5;
            }
            catch (JournalException)
            {
                // The activation that does not know goes, which may take a moment; until then it says so to everybody.
                return false;
            }
        });
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task While_the_store_is_gone_commands_fail_fast_warm_reads_go_on_and_nothing_is_acknowledged(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using ShopCluster shop = await ShopCluster.StartAsync(place, commitTimeout: "00:00:03");
        IStockGrain warm = shop.Grains.GetGrain<IStockGrain>("WARM"), other = shop.Grains.GetGrain<IStockGrain>("OTHER");
        await warm.Receive(new ReceiveStock(5, "r"));
        await other.Receive(new ReceiveStock(5, "r"));
        shop.Store.IsDown = true;
        await Should.ThrowAsync<JournalException>(() => other.Receive(new ReceiveStock(5, "r2")));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        await Eventually(async () =>
        {
            try
            {
                await warm.Receive(new ReceiveStock(1, "fast"));
                return false;
            }
            catch (JournalUnavailableException)
            {
                return true;
            }
        });
        watch.Restart();
        await Should.ThrowAsync<JournalUnavailableException>(() => warm.Receive(new ReceiveStock(1, "fast")));
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromMilliseconds(500));
        Level(await warm.Get()).OnHand.ShouldBe(5);
        shop.Store.IsDown = false;
        await Eventually(async () =>
        {
            try
            {
                return Level(await other.Receive(new ReceiveStock(5, "r2"))).OnHand == 10 && Level(await warm.Get()).OnHand == 5;
            }
            catch (JournalException)
            {
                return false;
            }
        });
    }

    [Fact]
    public async Task The_store_is_known_to_be_gone_before_those_hear_of_it_whose_commits_it_did_not_answer()
    {
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        await using ShopCluster shop = await ShopCluster.StartAsync(place, commitTimeout: "00:00:01");
        bool? wasAvailable = null;
        var journal = new GrainJournal("nobody/A", "A", shop.Writer, _ => wasAvailable = shop.Writer.IsAvailable);
        shop.Store.IsDown = true;
        await Should.ThrowAsync<CommitUnknownException>(() => journal.Append<StockEvent>(
            [new StockEvent.Received(1, "r", DateTimeOffset.UnixEpoch)], hasWork: false, (_, _) => null, new EventJson<StockEvent>(StockJson.Default.StockEvent), later: false));
        wasAvailable.ShouldBe(false);
    }

    [Fact]
    public async Task An_answer_never_shows_what_is_not_yet_durable()
    {
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        IStockGrain stock = shop.Grains.GetGrain<IStockGrain>("A");
        await stock.Receive(new ReceiveStock(5, "r"));
        shop.Store.Close();
        Task<StockAnswer> reserving = stock.Reserve(new ReserveStock(new("a"), 5, Ttl, null));
        Task<StockAnswer> looking = stock.Get();
        Task<StockAnswer> losing = stock.Reserve(new ReserveStock(new("b"), 1, Ttl, null));
        await Task.Delay(200);
        (reserving.IsCompleted || looking.IsCompleted || losing.IsCompleted).ShouldBeFalse();
        shop.Store.Open();
        (await reserving).ShouldBeOfType<StockAnswer.Reserved>();
        Level(await looking).Reserved.ShouldBe(5);
        (await losing).ShouldBe(new StockAnswer.OutOfStock(0));
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Commands_that_come_at_once_share_a_commit(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        IStockGrain stock = shop.Grains.GetGrain<IStockGrain>("A");
        await stock.Receive(new ReceiveStock(2_000, "r"));
        int before = shop.Store.Commits;
        await Task.WhenAll(Enumerable.Range(0, 2_000).Select(i => stock.Reserve(new ReserveStock(new($"r{i}"), 1, Ttl, null))));
        (shop.Store.Commits - before).ShouldBeLessThan(400);
        Level(await stock.Get()).Available.ShouldBe(0);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Two_silos_that_both_believe_to_own_a_sku_never_oversell_it(string kind)
    {
        const int Units = 300;
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using ShopCluster one = await ShopCluster.StartAsync(place);
        await using ShopCluster two = await ShopCluster.StartAsync(place);
        await one.Grains.GetGrain<IStockGrain>("A").Receive(new ReceiveStock(Units, "r"));
        // Both have it in memory before the first is sold, so one of them is wrong from then on.
        await two.Grains.GetGrain<IStockGrain>("A").Get();
        int stale = 0;
        async Task<bool> Buy(int buyer)
        {
            for (int attempt = 0; attempt < 500; attempt++)
            {
                IStockGrain stock = ((buyer + attempt) % 2 == 0 ? one : two).Grains.GetGrain<IStockGrain>("A");
                try
                {
                    StockAnswer answer = await stock.Reserve(new ReserveStock(new($"b{buyer}"), 1, Ttl, null));
                    if (answer is StockAnswer.OutOfStock) return false;
                    answer.ShouldBeOfType<StockAnswer.Reserved>();
                    return true;
                }
                catch (StaleActivationException)
                {
                    Interlocked.Increment(ref stale);
                    await Task.Yield();
                }
            }

            throw new TimeoutException($"Buyer {buyer} never got an answer.");
        }

        bool[] sold = await Task.WhenAll(Enumerable.Range(0, Units * 2).Select(b => Task.Run(() => Buy(b))));
        sold.Count(s => s).ShouldBe(Units);
        stale.ShouldBeGreaterThan(0);

        // Whoever reads the journal afresh sees exactly what was acknowledged.
        await using ShopCluster later = await ShopCluster.StartAsync(place);
        StockLevel level = Level(await later.Grains.GetGrain<IStockGrain>("A").Get());
        (level.Reserved, level.Available).ShouldBe((Units, 0));
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_grain_with_a_long_past_comes_back_from_its_snapshot_and_what_came_after(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        long version;
        await using (ShopCluster first = await ShopCluster.StartAsync(place))
        {
            IStockGrain stock = first.Grains.GetGrain<IStockGrain>("A");
            for (int i = 0; i < 500; i++) await stock.Receive(new ReceiveStock(1, $"r{i}"));
            version = Level(await stock.Get()).Version;
        }

        await using ShopCluster second = await ShopCluster.StartAsync(place);
        IStockGrain again = second.Grains.GetGrain<IStockGrain>("A");
        StockLevel level = Level(await again.Get());
        (level.OnHand, level.Version).ShouldBe((500, version));
        Level(await again.Receive(new ReceiveStock(1, "r499"))).OnHand.ShouldBe(500);
        Level(await again.Receive(new ReceiveStock(1, "r500"))).OnHand.ShouldBe(501);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_hot_SKU_comes_back_from_a_packed_snapshot_and_what_came_after(string kind)
    {
        const int Held = 3_000;
        using StorePlace place = await StorePlace.CreateAsync(kind);
        ReserveStock Of(int i) => new(new ReservationId(new Guid(i, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10).ToString()), 1, TimeSpan.FromHours(1), null);
        StockAnswer[] answers;
        // The first snapshot is a large one: while a small one is still being written, none would be taken until the end.
        await using (ShopCluster first = await ShopCluster.StartAsync(place, services => services.Configure<JournalOptions>(o => o.SnapshotEvents = 1_000)))
        {
            IStockGrain stock = first.Grains.GetGrain<IStockGrain>("A");
            await stock.Receive(new ReceiveStock(Held, "r"));
            // In a few commits: more come after the snapshot, but not so many that another is taken at the end.
            List<StockAnswer> all = [];
            foreach (int[] some in Enumerable.Range(0, Held).Chunk(300)) all.AddRange(await Task.WhenAll(some.Select(i => stock.Reserve(Of(i)))));
            answers = [.. all];
        }

        var kept = new GrainState<GrainSnapshot> { State = new GrainSnapshot() };
        await using ShopCluster second = await ShopCluster.StartAsync(place);
        IStockGrain again = second.Grains.GetGrain<IStockGrain>("A");
        StockLevel level = Level(await again.Get());
        (level.Reserved, level.OnHand).ShouldBe((Held, Held));
        await second.Snapshots.ReadStateAsync("snapshot", again.GetGrainId(), kept);
        kept.State.Packed.ShouldNotBeNull();
        kept.State.EventCount.ShouldBeLessThan(level.Version);
        // Who asks again gets the answer of the first time.
        for (int i = 0; i < Held; i += 37) (await again.Reserve(Of(i))).ShouldBe(answers[i]);
        (await again.Reserve(Of(Held))).ShouldBeOfType<StockAnswer.OutOfStock>();
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_checkout_that_was_interrupted_goes_on_by_itself_after_a_restart(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using (ShopCluster first = await ShopCluster.StartAsync(place, services => services.AddSingleton<IPaymentProvider, DeadProvider>()))
        {
            await first.Grains.GetGrain<Shop.Catalog.IProductGrain>("p").Save(new Shop.Catalog.SaveProduct(
                new Shop.Catalog.ProductContent("P", "", [], [new Shop.Catalog.Variant(new("A"), "", [new Money(100, new Currency("EUR"))])], [], true), Shop.Catalog.SaveMode.Create, null));
            await first.Grains.GetGrain<IStockGrain>("A").Receive(new ReceiveStock(5, "r"));
            var command = new PlaceOrder("f", null, new CustomerId("c"), null, [new LineRequest(new("A"), 2, null)], [], null, new Contact(null, null), "card", "tok_approve");
            await Should.ThrowAsync<IOException>(() => first.Grains.GetGrain<IOrderGrain>("o").Place(command));
        }

        await using ShopCluster second = await ShopCluster.StartAsync(place);
        await Eventually(async () => await second.Grains.GetGrain<IOrderGrain>("o").Get(Caller.Admin) is OrderAnswer.Ok { Order.Status: OrderStatus.Placed });
        StockLevel level = Level(await second.Grains.GetGrain<IStockGrain>("A").Get());
        (level.Sold, level.Reserved, level.OnHand).ShouldBe((2, 0, 3));
    }

    private static StockLevel Level(StockAnswer answer) => answer.ShouldBeOfType<StockAnswer.Done>().Level;

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition()) await Task.Delay(20, limit.Token);
    }

    // As if the process had died in the middle of the call.
    private sealed class DeadProvider : IPaymentProvider
    {
        public Task<ProviderAnswer> Authorise(string paymentId, Money amount, string method, string token, CancellationToken cancellation) => throw new IOException("The provider is gone.");

        public Task<ProviderAnswer> Query(string paymentId, string token, CancellationToken cancellation) => throw new IOException("The provider is gone.");

        public Task Capture(string paymentId, string providerReference, Money amount, CancellationToken cancellation) => throw new IOException("The provider is gone.");

        public Task Void(string paymentId, CancellationToken cancellation) => throw new IOException("The provider is gone.");

        public Task Refund(string paymentId, string refundId, Money amount, CancellationToken cancellation) => throw new IOException("The provider is gone.");
    }
}
