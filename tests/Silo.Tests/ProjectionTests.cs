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
                await shop.Grains.GetGrain<IViewLogGrain>(IViewLogGrain.ShardOf(sku)).Record([new RecordedView(new ProductId(sku), null, $"visitor{i % 5}", DateTimeOffset.UtcNow)]);
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

    private static async Task<System.Collections.Immutable.ImmutableArray<StockFigures>> Low(ShopCluster shop) =>
        await shop.Grains.GetGrain<IAnalyticsGrain>(IAnalyticsGrain.Key).LowStock(1_000_000, 1_000);

    private static async Task<SalesFigures> Total(ShopCluster shop)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        System.Collections.Immutable.ImmutableArray<SalesFigures> days = await shop.Grains.GetGrain<IAnalyticsGrain>(IAnalyticsGrain.Key).Sales(SalesWindow.Day, now.AddDays(-2), now.AddDays(2));
        return new SalesFigures(now, days.Sum(d => d.Orders), days.Sum(d => d.Units), [], [], 0, 0, days.Sum(d => d.Views), 0, 0);
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
            public async Task CommitAsync(
                string projection, int partition, JournalPosition from, JournalPosition to, IReadOnlyCollection<KeyValuePair<string, string?>> rows, IReadOnlyCollection<ParkedEvent> parked,
                IReadOnlyCollection<string> unparked, CancellationToken cancellation)
            {
                bool fails = faults.Fails();
                if (fails && to.Number % 2 == 0) throw new IOException("The connection broke before the commit.");
                await inner.CommitAsync(projection, partition, from, to, rows, parked, unparked, cancellation);
                if (fails) throw new IOException("The connection broke after the commit.");
            }

            public Task<JournalPosition> ReadPositionAsync(string projection, int partition, CancellationToken cancellation)
            {
                faults.Read();
                return inner.ReadPositionAsync(projection, partition, cancellation);
            }

            public Task<IReadOnlyList<(string Projection, int Partition, JournalPosition Position)>> ReadPositionsAsync(CancellationToken cancellation) => inner.ReadPositionsAsync(cancellation);

            public Task<string?> ReadRowAsync(string projection, int partition, string key, CancellationToken cancellation)
            {
                faults.Read();
                return inner.ReadRowAsync(projection, partition, key, cancellation);
            }

            public Task<IReadOnlyList<ProjectionRow>> ReadKeysAsync(string projection, int partition, IReadOnlyCollection<string> keys, CancellationToken cancellation) => inner.ReadKeysAsync(projection, partition, keys, cancellation);

            public Task<IReadOnlyList<ProjectionRow>> ReadKeysAsync(string projection, IReadOnlyCollection<string> keys, CancellationToken cancellation) => inner.ReadKeysAsync(projection, keys, cancellation);

            public Task<IReadOnlyList<ProjectionRow>> ReadRangeAsync(string projection, string from, string to, int limit, CancellationToken cancellation) => inner.ReadRangeAsync(projection, from, to, limit, cancellation);

            public Task<IReadOnlyList<ParkedEvent>> ReadParkedAsync(string? projection, int limit, CancellationToken cancellation) => inner.ReadParkedAsync(projection, limit, cancellation);

            public Task DropAsync(string projection, CancellationToken cancellation) => inner.DropAsync(projection, cancellation);
        }
    }
}
