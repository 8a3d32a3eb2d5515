using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Shop.Feed;
using Shop.Journaling;
using Shop.Stock;
using Shop.Streams;
using Shop.Testing;

namespace Shop.Silo.Tests;

/// <summary>Where recovery looks for work that was interrupted.</summary>
public sealed class RecoveryReadsTests
{
    private const string Sku = "read-by-others";

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Recovery_takes_what_consumers_have_read_and_asks_the_store_when_there_is_nothing(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        var reads = new Reads();
        await using ShopCluster shop = await ShopCluster.StartAsync(place, services => services.AddSingleton<IEventReader>(s => new CountedReader(s.GetRequiredService<JournalStreamSource>(), reads)));
        int partition = IJournalStore.PartitionOf($"stock/{Sku}");
        IStockGrain stock = shop.Grains.GetGrain<IStockGrain>(Sku);
        async Task<int> SellsForAsync(int seconds)
        {
            int asked = reads.Asked(partition);
            for (int i = 0; i < seconds * 10; i++)
            {
                await stock.Receive(new ReceiveStock(1, Guid.NewGuid().ToString()));
                await Task.Delay(100);
            }

            return reads.Asked(partition) - asked;
        }

        // Consumers and recovery are at work from here on.
        for (int i = 0; i < 30 && reads.Taken(partition) == 0; i++) await SellsForAsync(seconds: 1);
        // Where nothing is at hand it asks twice every two seconds.
        (await SellsForAsync(seconds: 6)).ShouldBeLessThan(4);
        reads.Taken(partition).ShouldBeGreaterThan(0);
        int before = reads.Asked(partition);
        for (int i = 0; i < 100 && reads.Asked(partition) < before + 4; i++) await Task.Delay(100);
        reads.Asked(partition).ShouldBeGreaterThanOrEqualTo(before + 4);
    }

    private sealed class Reads
    {
        private readonly ConcurrentDictionary<int, int> _asked = [], _taken = [];

        public int Asked(int partition) => _asked.GetValueOrDefault(partition);

        public int Taken(int partition) => _taken.GetValueOrDefault(partition);

        public void Ask(int partition) => _asked.AddOrUpdate(partition, 1, (_, n) => n + 1);

        public void Take(int partition, int count) => _taken.AddOrUpdate(partition, count, (_, n) => n + count);
    }

    private sealed class CountedReader(IEventReader inner, Reads reads) : IEventReader
    {
        public Task<IReadOnlyList<JournalEntry>> ReadAsync(int partition, JournalPosition after, int limit)
        {
            reads.Ask(partition);
            return inner.ReadAsync(partition, after, limit);
        }

        public IReadOnlyList<JournalEntry> ReadAtHand(int partition, JournalPosition after, int limit)
        {
            IReadOnlyList<JournalEntry> found = inner.ReadAtHand(partition, after, limit);
            reads.Take(partition, found.Count);
            return found;
        }

        public Task WaitAsync(IReadOnlyList<JournalPosition> after) => inner.WaitAsync(after);
    }
}
