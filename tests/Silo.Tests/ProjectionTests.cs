using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Shop.Analytics;
using Shop.Catalog;
using Shop.Journaling;
using Shop.Stock;
using Shop.Streams;
using Shop.Testing;
using Shop.Views;

namespace Shop.Silo.Tests;

/// <summary>Consumers of the journal's stream, in a silo whose stores can be disturbed.</summary>
public sealed class ProjectionTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Figures_are_those_of_the_journal_also_after_restarts_and_failures(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        var faulty = new FaultyProjections();
        for (int round = 1; round <= 3; round++)
        {
            await using ShopCluster shop = await ShopCluster.StartAsync(place, faulty.Wrap);
            faulty.FailNext = 20;
            for (int i = 0; i < 20; i++)
            {
                string sku = $"s{i}";
                await shop.Grains.GetGrain<IStockGrain>(sku).Receive(new ReceiveStock(10, $"r{round}"));
                await shop.Grains.GetGrain<IViewLogGrain>(IViewLogGrain.ShardOf(sku)).Record([new RecordedView(new ProductId(sku), null, $"visitor{i % 5}", Noon)]);
            }

            int expected = 20 * round;
            await Eventually(async () => (await Total(shop)).Views == expected);
            RecountResult recount = (await shop.Grains.GetGrain<IAnalyticsGrain>(IAnalyticsGrain.Key).Recount()).ShouldNotBeNull();
            recount.Differences.ShouldBeEmpty();
            recount.Rows.ShouldBeGreaterThan(20);
        }
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_store_that_goes_away_again_and_again_costs_no_event(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        var faulty = new FaultyProjections();
        await using ShopCluster shop = await ShopCluster.StartAsync(place, faulty.Wrap);
        for (int round = 0; round < 6; round++)
        {
            faulty.FailReadsAfter = round * 7;
            // SKUs that no consumer has in memory, so that it has to read in the middle of a batch.
            await Task.WhenAll(Enumerable.Range(0, 60).Select(i => shop.Grains.GetGrain<IStockGrain>($"r{round}-{i}").Receive(new ReceiveStock(1, "r"))));
            await Task.Delay(700);
            faulty.FailReadsAfter = int.MaxValue;
            await Task.Delay(400);
        }

        await Eventually(async () => (await Low(shop)).Length == 360);
        (await shop.Grains.GetGrain<IAnalyticsGrain>(IAnalyticsGrain.Key).Recount()).ShouldNotBeNull().Differences.ShouldBeEmpty();
        (await shop.Grains.GetGrain<IStreamsGrain>(IStreamsGrain.Key).Status()).Parked.ShouldBeEmpty();
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Two_silos_that_both_consume_count_each_event_once(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using ShopCluster one = await ShopCluster.StartAsync(place);
        await using ShopCluster two = await ShopCluster.StartAsync(place);
        for (int i = 0; i < 40; i++)
            await (i % 2 == 0 ? one : two).Grains.GetGrain<IStockGrain>($"{(i % 2 == 0 ? "one" : "two")}{i}").Receive(new ReceiveStock(i + 1, "r"));
        await Eventually(async () => (await Low(one)).Length == 40);
        (await Low(two)).Sum(s => s.Available).ShouldBe(Enumerable.Range(1, 40).Sum());
        (await one.Grains.GetGrain<IAnalyticsGrain>(IAnalyticsGrain.Key).Recount()).ShouldNotBeNull().Differences.ShouldBeEmpty();
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task An_event_that_keeps_failing_waits_with_its_key_and_nobody_else_does(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        string[] skus = [.. Enumerable.Range(0, 1_000).Select(i => $"{kind}-{i}").Where(s => IJournalStore.PartitionOf($"stock/{s}") == 4).Take(2)];
        (string bad, string good) = (skus[0], skus[1]);
        TouchyGrain.Refused[bad] = true;
        for (int round = 1; round <= 3; round++)
            foreach (string sku in skus) await shop.Grains.GetGrain<IStockGrain>(sku).Receive(new ReceiveStock(round, $"r{round}"));
        await Eventually(async () => await Rows(shop) is { Length: 1 } rows && rows[0] == (good, 6, 1) && await Parked(shop) == 3);

        ITouchyGrain consumer = shop.Grains.GetGrain<ITouchyGrain>("4");
        (await consumer.Replay()).ShouldBe(3);
        await shop.Grains.GetGrain<IStockGrain>(good).Receive(new ReceiveStock(10, "more"));
        await Eventually(async () => (await Rows(shop))[0] == (good, 16, 1));
        TouchyGrain.Refused.TryRemove(bad, out _);
        (await consumer.Replay()).ShouldBe(0);
        (await Rows(shop)).ShouldBe([(bad, 6, 1), (good, 16, 1)], ignoreOrder: true);
        await shop.Grains.GetGrain<IStockGrain>(bad).Receive(new ReceiveStock(10, "more"));
        await Eventually(async () => (await Rows(shop)).Contains((bad, 16, 1)));
        (await Parked(shop)).ShouldBe(0);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_consumer_is_rebuilt_while_what_it_had_is_served_and_goes_on(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        var faulty = new FaultyProjections();
        await using ShopCluster shop = await ShopCluster.StartAsync(place, faulty.Wrap);
        Task Receive(int round) => Task.WhenAll(Enumerable.Range(0, 50).Select(i => shop.Grains.GetGrain<IStockGrain>($"s{i}").Receive(new ReceiveStock(1, $"r{round}"))));
        for (int round = 0; round < 20; round++) await Receive(round);
        await Eventually(async () => await Rows(shop) is { Length: 50 } rows && rows.All(r => r.Units == 20));
        // Rows that no event made: a rebuild is what such a thing is for.
        for (int partition = 0; partition < IJournalStore.PartitionCount; partition++)
        {
            ProjectionPlace? at = await shop.Projections.ReadPlaceAsync("touchy", partition, default);
            if (at is not null) await shop.Projections.CommitAsync(new ProjectionCommit("touchy", partition, 1, at.Position, at.Position) { Rows = [new($"ghost{partition}", "{\"units\":20,\"rules\":1}")] }, default);
        }

        faulty.FailNext = 30;
        for (int partition = 0; partition < IJournalStore.PartitionCount; partition++) await RetryAsync(() => shop.Grains.GetGrain<ITouchyGrain>($"{partition}").Rebuild());
        for (int round = 20; round < 30; round++)
        {
            await Receive(round);
            (await Rows(shop)).Count(r => r.Sku[0] == 's' && r.Units >= 20).ShouldBe(50);
        }

        await Eventually(async () => await Rows(shop) is { Length: 50 } rows && rows.All(r => r.Units == 30));
        (await shop.Projections.ReadPositionsAsync(default)).ShouldNotContain(p => p.Projection == "touchy~");
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task New_rules_make_new_rows_while_the_old_ones_serve_and_older_software_leaves_them_alone(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        async Task Run(int rules, int round, Func<ShopCluster, Task> check)
        {
            TouchyGrain.RulesVersion = rules;
            await using ShopCluster shop = await ShopCluster.StartAsync(place);
            await Task.WhenAll(Enumerable.Range(0, 40).Select(i => shop.Grains.GetGrain<IStockGrain>($"s{i}").Receive(new ReceiveStock(1, $"r{round}"))));
            await check(shop);
        }

        try
        {
            await Run(1, 1, shop => Eventually(async () => await Rows(shop) is { Length: 40 } rows && rows.All(r => r is { Units: 1, Rules: 1 })));
            await Run(2, 2, shop => Eventually(async () =>
            {
                (string, long Units, int Rules)[] rows = await Rows(shop);
                rows.Length.ShouldBe(40);
                return rows.All(r => r is { Units: 2, Rules: 2 });
            }));
            await Run(1, 3, async shop =>
            {
                await Task.Delay(1_000);
                (await Rows(shop)).ShouldAllBe(r => r.Units == 2 && r.Rules == 2);
            });
            await Run(2, 4, shop => Eventually(async () => (await Rows(shop)).All(r => r is { Units: 4, Rules: 2 })));
        }
        finally
        {
            TouchyGrain.RulesVersion = 1;
        }
    }

    private static async Task<(string Sku, long Units, int Rules)[]> Rows(ShopCluster shop) =>
        [.. (await shop.Projections.ReadRangeAsync("touchy", null, "", "~", 1_000, default)).Select(r =>
        {
            TouchyRow row = System.Text.Json.JsonSerializer.Deserialize(r.Payload, TouchyJson.Default.TouchyRow)!;
            return (r.Key, row.Units, row.Rules);
        })];

    private static async Task<int> Parked(ShopCluster shop) => (await shop.Grains.GetGrain<IStreamsGrain>(IStreamsGrain.Key).Status()).Parked.Count(p => p.Consumer == "touchy");

    private static async Task RetryAsync(Func<Task> action)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await action();
                return;
            }
            catch (IOException) when (attempt < 50)
            {
                await Task.Delay(20);
            }
        }
    }

    private static async Task<System.Collections.Immutable.ImmutableArray<StockFigures>> Low(ShopCluster shop) =>
        await shop.Grains.GetGrain<IAnalyticsGrain>(IAnalyticsGrain.Key).LowStock(1_000_000, 1_000);

    private static async Task<SalesFigures> Total(ShopCluster shop)
    {
        System.Collections.Immutable.ImmutableArray<SalesFigures> days = await shop.Grains.GetGrain<IAnalyticsGrain>(IAnalyticsGrain.Key).Sales(SalesWindow.Day, Noon, Noon.AddDays(1));
        return new SalesFigures(Noon, days.Sum(d => d.Orders), days.Sum(d => d.Units), [], [], 0, 0, days.Sum(d => d.Views), 0, 0);
    }

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        for (int i = 0; i < 600; i++)
        {
            if (await condition()) return;
            await Task.Delay(50);
        }

        (await condition()).ShouldBeTrue();
    }

    /// <summary>Commits that fail, before they happen or after.</summary>
    private sealed class FaultyProjections
    {
        private int _left;
        private int _readsLeft = int.MaxValue;

        /// <summary>So many reads of a consumer succeed, and then none.</summary>
        public int FailReadsAfter
        {
            set => Volatile.Write(ref _readsLeft, value);
        }

        public int FailNext
        {
            set => Volatile.Write(ref _left, value);
        }

        public void Wrap(IServiceCollection services)
        {
            ServiceDescriptor known = services.Single(s => s.ServiceType == typeof(IProjectionStore));
            services.Remove(known);
            services.AddSingleton<IProjectionStore>(s => new Store((IProjectionStore)known.ImplementationFactory!(s), this));
        }

        private void Read()
        {
            if (Volatile.Read(ref _readsLeft) != int.MaxValue && Interlocked.Decrement(ref _readsLeft) < 0) throw new IOException("The server is gone.");
        }

        private bool Fails() => Interlocked.Decrement(ref _left) >= 0;

        private sealed class Store(IProjectionStore inner, FaultyProjections faults) : IProjectionStore
        {
            public async Task CommitAsync(ProjectionCommit commit, CancellationToken cancellation)
            {
                bool fails = faults.Fails();
                if (fails && commit.To.Number % 2 == 0) throw new IOException("The connection broke before the commit.");
                await inner.CommitAsync(commit, cancellation);
                if (fails) throw new IOException("The connection broke after the commit.");
            }

            public Task<ProjectionPlace?> ReadPlaceAsync(string projection, int partition, CancellationToken cancellation)
            {
                faults.Read();
                return inner.ReadPlaceAsync(projection, partition, cancellation);
            }

            public Task<IReadOnlyList<ProjectionRow>> ReadKeysAsync(string projection, int? partition, IReadOnlyCollection<string> keys, CancellationToken cancellation)
            {
                if (partition is not null) faults.Read();
                return inner.ReadKeysAsync(projection, partition, keys, cancellation);
            }

            public Task<IReadOnlyList<(string Projection, int Partition, JournalPosition Position)>> ReadPositionsAsync(CancellationToken cancellation) => inner.ReadPositionsAsync(cancellation);

            public Task<IReadOnlyList<ProjectionRow>> ReadRangeAsync(string projection, int? partition, string from, string to, int limit, CancellationToken cancellation) =>
                inner.ReadRangeAsync(projection, partition, from, to, limit, cancellation);

            public Task<IReadOnlyList<ParkedEvent>> ReadParkedAsync(string? projection, int? partition, int limit, CancellationToken cancellation) => inner.ReadParkedAsync(projection, partition, limit, cancellation);

            public async Task ReplaceAsync(string projection, int partition, JournalPosition at, string replacement, JournalPosition replacementAt, CancellationToken cancellation)
            {
                bool fails = faults.Fails();
                if (fails && replacementAt.Number % 2 == 0) throw new IOException("The connection broke before the commit.");
                await inner.ReplaceAsync(projection, partition, at, replacement, replacementAt, cancellation);
                if (fails) throw new IOException("The connection broke after the commit.");
            }

            public Task DropAsync(string projection, int partition, CancellationToken cancellation) => inner.DropAsync(projection, partition, cancellation);

            public Task RemoveRangeAsync(string projection, int partition, string from, string to, CancellationToken cancellation) => inner.RemoveRangeAsync(projection, partition, from, to, cancellation);
        }
    }
}
