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
        (await store.ReadPlaceAsync(Name, 3, default)).ShouldBeNull();
        await store.CommitAsync(new ProjectionCommit(Name, 3, 1, JournalPosition.Start, At(5)) { Rows = [Row("a", "1"), Row("b", "{\"ü\":\"\\u0022\"}")] }, default);
        (await store.ReadPlaceAsync(Name, 3, default)).ShouldBe(new ProjectionPlace(At(5), 1));
        (await ReadRowAsync(store, 3, "b")).ShouldBe("{\"ü\":\"\\u0022\"}");
        await store.CommitAsync(new ProjectionCommit(Name, 3, 1, At(5), At(6)) { Rows = [Row("a", "2"), Row("b", null)] }, default);
        (await ReadRowAsync(store, 3, "a")).ShouldBe("2");
        (await ReadRowAsync(store, 3, "b")).ShouldBeNull();
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Whoever_comes_second_changes_nothing(string kind)
    {
        (StorePlace place, IProjectionStore store) = await OpenAsync(kind);
        using StorePlace own = place;
        await store.CommitAsync(new ProjectionCommit(Name, 1, 1, JournalPosition.Start, At(5)) { Rows = [Row("a", "1")] }, default);
        await Should.ThrowAsync<StaleProjectionException>(() => store.CommitAsync(new ProjectionCommit(Name, 1, 1, JournalPosition.Start, At(7)) { Rows = [Row("a", "9")] }, default));
        await Should.ThrowAsync<StaleProjectionException>(() => store.CommitAsync(new ProjectionCommit(Name, 1, 1, At(4), At(7)) { Rows = [Row("a", "9")] }, default));
        (await ReadRowAsync(store, 1, "a")).ShouldBe("1");
        (await store.ReadPlaceAsync(Name, 1, default)).ShouldBe(new ProjectionPlace(At(5), 1));
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Rows_that_are_new_are_added_beside_those_that_change(string kind)
    {
        (StorePlace place, IProjectionStore store) = await OpenAsync(kind);
        using StorePlace own = place;
        await store.CommitAsync(new ProjectionCommit(Name, 1, 1, JournalPosition.Start, At(5)) { Rows = [Row("b", "1", isNew: true), Row("a", "2", isNew: true)] }, default);
        await store.CommitAsync(new ProjectionCommit(Name, 1, 1, At(5), At(6)) { Rows = [Row("a", "3"), Row("c", "4", isNew: true), Row("d", null, isNew: true)] }, default);
        (await store.ReadRangeAsync(Name, 1, "", "z", 10, default)).Select(r => (r.Key, r.Payload)).ShouldBe([("a", "3"), ("b", "1"), ("c", "4")]);
    }

    [Theory, PostgreSqlStore]
    public async Task A_row_that_was_to_be_new_and_is_there_has_been_made_by_somebody_else(string kind)
    {
        (StorePlace place, IProjectionStore store) = await OpenAsync(kind);
        using StorePlace own = place;
        await store.CommitAsync(new ProjectionCommit(Name, 1, 1, JournalPosition.Start, At(5)) { Rows = [Row("a", "1")] }, default);
        await Should.ThrowAsync<StaleProjectionException>(() => store.CommitAsync(new ProjectionCommit(Name, 1, 1, At(5), At(6)) { Rows = [Row("a", "2", isNew: true), Row("b", "1")] }, default));
        (await store.ReadRangeAsync(Name, 1, "", "z", 10, default)).Select(r => (r.Key, r.Payload)).ShouldBe([("a", "1")]);
        (await store.ReadPlaceAsync(Name, 1, default)).ShouldBe(new ProjectionPlace(At(5), 1));
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
                    await store.CommitAsync(new ProjectionCommit(Name, 1, 1, round == 0 ? JournalPosition.Start : At(round), At(round + 1)) { Rows = [Row("by", $"{i}")] }, default);
                    return true;
                }
                catch (Exception e) when (e is StaleProjectionException or System.Data.Common.DbException)
                {
                    return false;
                }
            }));
            won.Count(w => w).ShouldBe(1);
            (await ReadRowAsync(store, 1, "by")).ShouldBe($"{Array.IndexOf(won, true)}");
        }
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Rows_of_all_partitions_are_found_by_keys_and_by_ranges_in_the_order_of_bytes(string kind)
    {
        (StorePlace place, IProjectionStore store) = await OpenAsync(kind);
        using StorePlace own = place;
        foreach (int partition in new[] { 0, 1 }) await store.CommitAsync(new ProjectionCommit(Name, partition, 1, JournalPosition.Start, At(1)) { Rows = [Row("p:B", "1"), Row("p:a", "2"), Row("q:a", "3")] }, default);
        (await store.ReadRangeAsync(Name, null, "p:", "p;", 10, default)).Select(r => (r.Key, r.Partition)).ShouldBe([("p:B", 0), ("p:B", 1), ("p:a", 0), ("p:a", 1)]);
        (await store.ReadKeysAsync(Name, null, ["q:a", "none"], default)).Select(r => (r.Key, r.Partition, r.Payload)).ShouldBe([("q:a", 0, "3"), ("q:a", 1, "3")]);
        (await store.ReadKeysAsync(Name, 1, ["q:a", "p:a"], default)).Select(r => r.Payload).Order().ShouldBe(["2", "3"]);
        (await store.ReadKeysAsync("other", null, ["q:a"], default)).ShouldBeEmpty();
        (await store.ReadRangeAsync(Name, 1, "p:", "r", 10, default)).Select(r => (r.Key, r.Partition)).ShouldBe([("p:B", 1), ("p:a", 1), ("q:a", 1)]);
        await store.RemoveRangeAsync(Name, 1, "p:", "p:a", default);
        (await store.ReadRangeAsync(Name, null, "", "z", 10, default)).Select(r => (r.Key, r.Partition)).ShouldBe([("p:B", 0), ("p:a", 0), ("p:a", 1), ("q:a", 0), ("q:a", 1)]);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Parked_events_wait_in_their_order_until_they_are_taken(string kind)
    {
        (StorePlace place, IProjectionStore store) = await OpenAsync(kind);
        using StorePlace own = place;
        ParkedEvent[] parked = [.. Enumerable.Range(0, 3).Select(i => new ParkedEvent(Name, 2, $"order/{i}:1:0", "o", "{}", "no", DateTimeOffset.UnixEpoch))];
        await store.CommitAsync(new ProjectionCommit(Name, 2, 1, JournalPosition.Start, At(1)) { Parked = parked }, default);
        (await store.ReadParkedAsync(Name, 2, 10, default)).Select(p => p.EventId).ShouldBe(parked.Select(p => p.EventId));
        (await store.ReadParkedAsync(null, null, 1, default)).ShouldHaveSingleItem().ShouldBe(parked[0]);
        await store.CommitAsync(new ProjectionCommit(Name, 2, 1, At(1), At(1)) { Unparked = parked[0].EventId }, default);
        (await store.ReadParkedAsync(Name, 2, 10, default)).Select(p => p.EventId).ShouldBe(parked.Skip(1).Select(p => p.EventId));
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Many_rows_are_read_page_by_page(string kind)
    {
        (StorePlace place, IProjectionStore store) = await OpenAsync(kind);
        using StorePlace own = place;
        for (int partition = 0; partition < 3; partition++)
            await store.CommitAsync(new ProjectionCommit(Name, partition, 1, JournalPosition.Start, At(1)) { Rows = [.. Enumerable.Range(0, 7_001).Select(i => Row($"k{i:D5}", $"{i}"))] }, default);
        List<ProjectionRow> rows = await store.ReadAllAsync(Name, null, "k", "l").ToListAsync();
        rows.Select(r => (r.Key, r.Partition)).ShouldBe(Enumerable.Range(0, 7_001).SelectMany(i => Enumerable.Range(0, 3).Select(p => ($"k{i:D5}", p))));
        (await store.ReadAllAsync(Name, 2, "k00010", "k00020").ToListAsync()).Count.ShouldBe(10);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_replacement_takes_the_place_of_what_was_there_in_its_partition_only(string kind)
    {
        (StorePlace place, IProjectionStore store) = await OpenAsync(kind);
        using StorePlace own = place;
        ParkedEvent Parked(string projection, int partition) => new(projection, partition, $"e{partition}", "s", "{}", "no", DateTimeOffset.UnixEpoch);
        foreach (int partition in new[] { 1, 2 })
            await store.CommitAsync(new ProjectionCommit(Name, partition, 1, JournalPosition.Start, At(5)) { Rows = [Row("a", "old"), Row("b", "old")], Parked = [Parked(Name, partition)] }, default);
        await store.CommitAsync(new ProjectionCommit("new", 1, 2, JournalPosition.Start, At(7)) { Rows = [Row("a", "new")] }, default);

        await Should.ThrowAsync<StaleProjectionException>(() => store.ReplaceAsync(Name, 1, At(4), "new", At(7), default));
        await Should.ThrowAsync<StaleProjectionException>(() => store.ReplaceAsync(Name, 1, At(5), "new", At(6), default));
        (await ReadRowAsync(store, 1, "a")).ShouldBe("old");
        (await store.ReadPlaceAsync(Name, 1, default)).ShouldBe(new ProjectionPlace(At(5), 1));

        await store.ReplaceAsync(Name, 1, At(5), "new", At(7), default);
        (await store.ReadPlaceAsync(Name, 1, default)).ShouldBe(new ProjectionPlace(At(7), 2));
        (await store.ReadPlaceAsync("new", 1, default)).ShouldBeNull();
        (await store.ReadRangeAsync(Name, null, "", "z", 10, default)).Select(r => (r.Key, r.Partition, r.Payload)).ShouldBe([("a", 1, "new"), ("a", 2, "old"), ("b", 2, "old")]);
        (await store.ReadParkedAsync(Name, null, 10, default)).ShouldHaveSingleItem().Partition.ShouldBe(2);
        // What was made by other rules is not gone on with by these.
        await Should.ThrowAsync<StaleProjectionException>(() => store.CommitAsync(new ProjectionCommit(Name, 1, 1, At(7), At(8)), default));
        await store.DropAsync(Name, 2, default);
        (await store.ReadPositionsAsync(default)).ShouldBe([(Name, 1, At(7))]);
        (await store.ReadParkedAsync(null, null, 10, default)).ShouldBeEmpty();
    }

    private static async Task<string?> ReadRowAsync(IProjectionStore store, int partition, string key) => (await store.ReadKeysAsync(Name, partition, [key], default)).SingleOrDefault()?.Payload;

    private static async Task<(StorePlace Place, IProjectionStore Store)> OpenAsync(string kind)
    {
        StorePlace place = await StorePlace.CreateAsync(kind);
        IConfiguration settings = new ConfigurationBuilder().AddInMemoryCollection(place.Settings).Build();
        return (place, ShopSiloExtensions.CreateProjectionStore(settings.GetSection("Shop").Get<ShopOptions>()!));
    }

    private static JournalPosition At(long number) => new(0, number);

    private static RowChange Row(string key, string? payload, bool isNew = false) => new(key, payload, isNew);
}
