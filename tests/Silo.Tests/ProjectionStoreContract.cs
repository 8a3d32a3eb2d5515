using Microsoft.Extensions.Configuration;
using Shop.Hosting;
using Shop.Journaling;
using Shop.Streams;
using Shop.Testing;

namespace Shop.Silo.Tests;

/// <summary>What every projection store promises; each test runs on both.</summary>
public sealed class ProjectionStoreContract
{
    private const string Name = "test.1";

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Position_and_rows_change_together(string kind)
    {
        (StorePlace place, IProjectionStore store) = await OpenAsync(kind);
        using StorePlace own = place;
        (await store.ReadPositionAsync(Name, 3, default)).ShouldBe(JournalPosition.Start);
        await store.CommitAsync(Name, 3, JournalPosition.Start, At(5), [Row("a", "1"), Row("b", "{\"ü\":\"\\u0022\"}")], [], [], default);
        (await store.ReadPositionAsync(Name, 3, default)).ShouldBe(At(5));
        (await store.ReadRowAsync(Name, 3, "b", default)).ShouldBe("{\"ü\":\"\\u0022\"}");
        await store.CommitAsync(Name, 3, At(5), At(6), [Row("a", "2"), Row("b", null)], [], [], default);
        (await store.ReadRowAsync(Name, 3, "a", default)).ShouldBe("2");
        (await store.ReadRowAsync(Name, 3, "b", default)).ShouldBeNull();
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Whoever_comes_second_changes_nothing(string kind)
    {
        (StorePlace place, IProjectionStore store) = await OpenAsync(kind);
        using StorePlace own = place;
        await store.CommitAsync(Name, 1, JournalPosition.Start, At(5), [Row("a", "1")], [], [], default);
        await Should.ThrowAsync<StaleProjectionException>(() => store.CommitAsync(Name, 1, JournalPosition.Start, At(7), [Row("a", "9")], [], [], default));
        await Should.ThrowAsync<StaleProjectionException>(() => store.CommitAsync(Name, 1, At(4), At(7), [Row("a", "9")], [], [], default));
        (await store.ReadRowAsync(Name, 1, "a", default)).ShouldBe("1");
        (await store.ReadPositionAsync(Name, 1, default)).ShouldBe(At(5));
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Of_many_activations_that_consume_the_same_event_exactly_one_counts(string kind)
    {
        (StorePlace place, IProjectionStore store) = await OpenAsync(kind);
        using StorePlace own = place;
        for (long round = 0; round < 5; round++)
        {
            bool[] won = await Task.WhenAll(Enumerable.Range(0, 6).Select(async i =>
            {
                try
                {
                    await store.CommitAsync(Name, 1, round == 0 ? JournalPosition.Start : At(round), At(round + 1), [Row("by", $"{i}")], [], [], default);
                    return true;
                }
                catch (Exception e) when (e is StaleProjectionException or System.Data.Common.DbException)
                {
                    return false;
                }
            }));
            won.Count(w => w).ShouldBe(1);
            (await store.ReadRowAsync(Name, 1, "by", default)).ShouldBe($"{Array.IndexOf(won, true)}");
        }
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Rows_of_all_partitions_are_found_by_keys_and_by_ranges_in_the_order_of_bytes(string kind)
    {
        (StorePlace place, IProjectionStore store) = await OpenAsync(kind);
        using StorePlace own = place;
        foreach (int partition in new[] { 0, 1 }) await store.CommitAsync(Name, partition, JournalPosition.Start, At(1), [Row("p:B", "1"), Row("p:a", "2"), Row("q:a", "3")], [], [], default);
        (await store.ReadRangeAsync(Name, "p:", "p;", 10, default)).Select(r => (r.Key, r.Partition)).ShouldBe([("p:B", 0), ("p:B", 1), ("p:a", 0), ("p:a", 1)]);
        (await store.ReadKeysAsync(Name, ["q:a", "none"], default)).Select(r => (r.Key, r.Partition, r.Payload)).ShouldBe([("q:a", 0, "3"), ("q:a", 1, "3")]);
        (await store.ReadKeysAsync(Name, 1, ["q:a", "p:a"], default)).Select(r => r.Payload).Order().ShouldBe(["2", "3"]);
        (await store.ReadKeysAsync("other", ["q:a"], default)).ShouldBeEmpty();
        await store.DropAsync(Name, default);
        (await store.ReadPositionsAsync(default)).ShouldBeEmpty();
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Parked_events_wait_in_their_order_until_they_are_taken(string kind)
    {
        (StorePlace place, IProjectionStore store) = await OpenAsync(kind);
        using StorePlace own = place;
        ParkedEvent[] parked = [.. Enumerable.Range(0, 3).Select(i => new ParkedEvent(Name, 2, $"order/{i}:1:0", "o", "{}", "no", DateTimeOffset.UnixEpoch))];
        await store.CommitAsync(Name, 2, JournalPosition.Start, At(1), [], parked, [], default);
        (await store.ReadParkedAsync(Name, 10, default)).Select(p => p.EventId).ShouldBe(parked.Select(p => p.EventId));
        (await store.ReadParkedAsync(null, 1, default)).ShouldHaveSingleItem().ShouldBe(parked[0]);
        await store.CommitAsync(Name, 2, At(1), At(1), [], [], [parked[0].EventId], default);
        (await store.ReadParkedAsync(Name, 10, default)).Select(p => p.EventId).ShouldBe(parked.Skip(1).Select(p => p.EventId));
    }

    private static async Task<(StorePlace Place, IProjectionStore Store)> OpenAsync(string kind)
    {
        StorePlace place = await StorePlace.CreateAsync(kind);
        IConfiguration settings = new ConfigurationBuilder().AddInMemoryCollection(place.Settings).Build();
        return (place, ShopSiloExtensions.CreateProjectionStore(settings.GetSection("Shop").Get<ShopOptions>()!));
    }

    private static JournalPosition At(long number) => new(0, number);

    private static KeyValuePair<string, string?> Row(string key, string? payload) => KeyValuePair.Create(key, payload);
}
