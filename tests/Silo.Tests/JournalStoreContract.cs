using System.Text;
using Npgsql;
using Shop.Hosting;
using Shop.Journaling;
using Shop.Testing;

namespace Shop.Silo.Tests;

/// <summary>What every journal store promises; each test runs on both.</summary>
public sealed class JournalStoreContract
{
    private DateTimeOffset _at = DateTimeOffset.UnixEpoch;

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task What_was_appended_is_read_back_in_order(string kind)
    {
        await using Stores stores = await Stores.OpenAsync(kind);
        JournalCommit[] first = [Commit("stock/a", 1, "[1]"), Commit("stock/b", 1, "[\"ü\\u0000\"]", hasWork: true)];
        (await stores.One.AppendAsync(first, default)).ShouldBe([true, true]);
        (await stores.One.AppendAsync([Commit("stock/a", 2, "[2,3]")], default)).ShouldBe([true]);
        IReadOnlyList<JournalCommit> read = await stores.Two.ReadGrainAsync("stock/a", 0, 10, default);
        read.Select(c => (c.Version, Text(c))).ShouldBe([(1, "[1]"), (2, "[2,3]")]);
        JournalCommit b = (await stores.Two.ReadGrainAsync("stock/b", 0, 10, default)).ShouldHaveSingleItem();
        (Text(b), b.HasWork, b.CommitId).ShouldBe(("[\"ü\\u0000\"]", true, first[1].CommitId));
        (await stores.Two.ReadGrainAsync("stock/a", 1, 10, default)).Select(c => c.Version).ShouldBe([2]);
        (await stores.Two.ReadGrainAsync("stock/a", 0, 1, default)).Select(c => c.Version).ShouldBe([1]);
        (await stores.Two.ReadTailAsync("stock/a", 9, default)).Select(c => c.Version).ShouldBe([1, 2]);
        (await stores.Two.ReadTailAsync("stock/a", 1, default)).Select(c => c.Version).ShouldBe([2]);
        (await stores.Two.ReadTailAsync("stock/none", 9, default)).ShouldBeEmpty();
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_stale_commit_is_refused_for_its_grain_alone(string kind)
    {
        await using Stores stores = await Stores.OpenAsync(kind);
        await stores.One.AppendAsync([Commit("stock/a", 1, "[1]")], default);
        (await stores.Two.AppendAsync([Commit("stock/a", 1, "[9]"), Commit("stock/b", 1, "[2]")], default)).ShouldBe([false, true]);
        Text((await stores.One.ReadGrainAsync("stock/a", 0, 10, default)).ShouldHaveSingleItem()).ShouldBe("[1]");
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_commit_without_the_one_before_it_is_refused(string kind)
    {
        await using Stores stores = await Stores.OpenAsync(kind);
        (await stores.One.AppendAsync([Commit("stock/a", 2, "[1]")], default)).ShouldBe([false]);
        await stores.One.AppendAsync([Commit("stock/a", 1, "[1]")], default);
        (await stores.One.AppendAsync([Commit("stock/a", 3, "[1]")], default)).ShouldBe([false]);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_batch_that_is_repeated_under_its_commit_id_is_there_once(string kind)
    {
        await using Stores stores = await Stores.OpenAsync(kind);
        JournalCommit[] batch = [Commit("stock/a", 1, "[1]"), Commit("stock/b", 1, "[2]")];
        await stores.One.AppendAsync([batch[0]], default);
        (await stores.Two.AppendAsync(batch, default)).ShouldBe([true, true]);
        (await stores.Two.AppendAsync(batch, default)).ShouldBe([true, true]);
        (await stores.One.ReadGrainAsync("stock/a", 0, 10, default)).Count.ShouldBe(1);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Of_many_writers_of_one_version_exactly_one_wins(string kind)
    {
        await using Stores stores = await Stores.OpenAsync(kind);
        for (int version = 1; version <= 20; version++)
        {
            IReadOnlyList<bool>[] answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() =>
                (i % 2 == 0 ? stores.One : stores.Two).AppendAsync([Commit("stock/hot", version, $"[{i}]")], default))));
            answers.Count(a => a[0]).ShouldBe(1);
        }

        (await stores.One.ReadGrainAsync("stock/hot", 0, 100, default)).Select(c => c.Version).ShouldBe(Enumerable.Range(1, 20).Select(v => (long)v));
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_reader_that_follows_a_partition_sees_every_commit_once_and_each_grain_in_order(string kind)
    {
        await using Stores stores = await Stores.OpenAsync(kind);
        const int Writers = 6, Rounds = 60;
        string[] grains = [.. Enumerable.Range(0, 10_000).Select(i => $"order/{i}").Where(g => IJournalStore.PartitionOf(g) == 3).Take(Writers)];
        Task writing = Task.WhenAll(grains.Select((grain, i) => Task.Run(async () =>
        {
            for (int version = 1; version <= Rounds; version++)
                (await (i % 2 == 0 ? stores.One : stores.Two).AppendAsync([Commit(grain, version, "[0]")], default)).ShouldBe([true]);
        })));
        List<PositionedCommit> seen = [];
        JournalPosition at = JournalPosition.Start;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (seen.Count < Writers * Rounds)
        {
            IReadOnlyList<PositionedCommit> page = await stores.One.ReadPartitionAsync(3, at, 7, limit.Token);
            foreach (PositionedCommit commit in page) (commit.Position > at).ShouldBeTrue();
            if (page.Count > 0) at = page[^1].Position;
            seen.AddRange(page);
        }

        await writing;
        foreach (IGrouping<string, PositionedCommit> grain in seen.GroupBy(c => c.Commit.GrainId))
            grain.Select(c => c.Commit.Version).ShouldBe(Enumerable.Range(1, Rounds).Select(v => (long)v));
        (await stores.One.ReadPartitionAsync(3, at, 7, default)).ShouldBeEmpty();
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task What_a_reader_knows_comes_without_its_events_and_nothing_else_does(string kind)
    {
        await using Stores stores = await Stores.OpenAsync(kind);
        int partition = IJournalStore.PartitionOf("order/a");
        JournalCommit[] commits = [Commit("order/a", 1, "[1]"), Commit("order/a", 2, "[2]"), Commit("order/a", 3, "[3]")];
        foreach (JournalCommit commit in commits) (await stores.One.AppendAsync([commit], default)).ShouldBe([true]);
        await ReadSettledAsync(stores.Two, partition, 3);
        CommitIdentity known = commits[1].Identity, ofAnother = commits[2].Identity with { CommitId = Guid.NewGuid() };
        IReadOnlyList<PositionedCommit> read = await stores.Two.ReadPartitionAsync(partition, JournalPosition.Start, 10, default, new HashSet<CommitIdentity> { known, ofAnother });
        read.Select(c => c.Commit.Identity).ShouldBe(commits.Select(c => c.Identity));
        read.Select(c => c.Position).ShouldBeInOrder();
        read.Select(c => System.Text.Encoding.UTF8.GetString(c.Commit.Events.Span)).ShouldBe(["[1]", "", "[3]"]);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_commit_that_is_for_its_grain_alone_is_in_no_partition(string kind)
    {
        await using Stores stores = await Stores.OpenAsync(kind);
        int partition = IJournalStore.PartitionOf("order/a");
        JournalCommit[] commits = [Commit("order/a", 1, "[1]"), Commit("order/a", 2, "[2]", isForReaders: false), Commit("order/a", 3, "[3]")];
        foreach (JournalCommit commit in commits) (await stores.One.AppendAsync([commit], default)).ShouldBe([true]);
        (await ReadSettledAsync(stores.Two, partition, 2)).Select(c => c.Commit.Version).ShouldBe([1, 3]);
        (await stores.Two.ReadGrainAsync("order/a", 0, 10, default)).Select(c => (c.Version, c.IsForReaders)).ShouldBe([(1, true), (2, false), (3, true)]);
        (await stores.Two.ReadTailAsync("order/a", 10, default)).Count.ShouldBe(3);
    }

    [Theory, PostgreSqlStore]
    public async Task A_commit_that_becomes_visible_late_is_never_skipped(string kind)
    {
        await using Stores stores = await Stores.OpenAsync(kind);
        string[] grains = [.. Enumerable.Range(0, 10_000).Select(i => $"order/{i}").Where(g => IJournalStore.PartitionOf(g) == 5).Take(2)];

        // A slow transaction takes its number first and commits last, as a silo on a slow connection would.
        await using var slow = new NpgsqlConnection(stores.Place.ConnectionString);
        await slow.OpenAsync();
        await using NpgsqlTransaction transaction = await slow.BeginTransactionAsync();
        await using var insert = new NpgsqlCommand($"""
            INSERT INTO journal (grain_id, version, partition, epoch, commit_id, event_count, has_work, recorded_at, events)
            VALUES ('{grains[0]}', 1, 5, pg_current_xact_id()::text::bigint, gen_random_uuid(), 1, false, now(), '[1]')
            """, slow);
        await insert.ExecuteNonQueryAsync();
        await stores.One.AppendAsync([Commit(grains[1], 1, "[2]")], default);

        (await stores.Two.ReadPartitionAsync(5, JournalPosition.Start, 10, default)).ShouldBeEmpty();
        await transaction.CommitAsync();
        (await ReadSettledAsync(stores.Two, 5, 2)).Select(c => c.Commit.GrainId).ShouldBe(grains);
    }

    [Theory, PostgreSqlStore]
    public async Task Positions_go_on_growing_after_a_restore_into_a_younger_server(string kind)
    {
        await using Stores stores = await Stores.OpenAsync(kind);
        await stores.One.AppendAsync([Commit("order/1", 1, "[1]")], default);
        await using (var connection = new NpgsqlConnection(stores.Place.ConnectionString))
        {
            await connection.OpenAsync();
            await using var age = new NpgsqlCommand("UPDATE journal SET epoch = epoch + 1000000", connection);
            await age.ExecuteNonQueryAsync();
        }

        await stores.Two.EnsureSchemaAsync(default);
        await stores.Two.AppendAsync([Commit("order/1", 2, "[2]")], default);
        IReadOnlyList<PositionedCommit> read = await ReadSettledAsync(stores.One, IJournalStore.PartitionOf("order/1"), 2);
        read.Select(c => c.Commit.Version).ShouldBe([1, 2]);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task All_grains_of_a_type_are_read_page_by_page(string kind)
    {
        await using Stores stores = await Stores.OpenAsync(kind);
        await stores.One.AppendAsync([Commit("product/a", 1, "[1]"), Commit("product/b", 1, "[2]"), Commit("products/x", 1, "[0]"), Commit("produce/x", 1, "[0]")], default);
        await stores.One.AppendAsync([Commit("product/a", 2, "[3]")], default);
        List<(string, long)> found = [];
        (string? after, long version) = (null, 0);
        while (await stores.One.ReadTypeAsync("product", after, version, 2, default) is { Count: > 0 } page)
        {
            found.AddRange(page.Select(c => (c.GrainId, c.Version)));
            (after, version) = found[^1];
        }

        found.ShouldBe([("product/a", 1), ("product/a", 2), ("product/b", 1)]);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Ten_silos_create_the_schema_at_once(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => Stores.Create(place).EnsureSchemaAsync(default))));
        (await Stores.Create(place).AppendAsync([Commit("stock/a", 1, "[1]")], default)).ShouldBe([true]);
    }

    // Transactions of other databases of the same server hold back what counts as settled, for as long as they last.
    private static async Task<IReadOnlyList<PositionedCommit>> ReadSettledAsync(IJournalStore store, int partition, int count)
    {
        IReadOnlyList<PositionedCommit> read = [];
        for (int i = 0; i < 500 && read.Count < count; i++)
        {
            if (i > 0) await Task.Delay(20);
            read = await store.ReadPartitionAsync(partition, JournalPosition.Start, 10, default);
        }

        return read;
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Grains_of_a_type_are_listed_by_id_and_by_age(string kind)
    {
        await using Stores stores = await Stores.OpenAsync(kind);
        foreach (string id in new[] { "order/m", "order/b", "orders/x", "orde/y", "order/z", "stock/a" }) await stores.One.AppendAsync([Commit(id, 1, "[1]", at: _at += TimeSpan.FromSeconds(1))], default);
        await stores.One.AppendAsync([Commit("order/m", 2, "[2]", isForReaders: false, at: _at += TimeSpan.FromSeconds(1))], default);
        await stores.One.AppendAsync([Commit("order/hidden", 1, "[1]", isForReaders: false, at: _at += TimeSpan.FromSeconds(1))], default);
        (await stores.Two.ReadIdsAsync("order", null, 10, default)).ShouldBe(["order/b", "order/hidden", "order/m", "order/z"]);
        (await stores.Two.ReadIdsAsync("order", "order/hidden", 1, default)).ShouldBe(["order/m"]);
        (await stores.Two.ReadIdsAsync("none", null, 10, default)).ShouldBeEmpty();
        (await stores.Two.ReadNewestIdsAsync("order", 10, default)).ShouldBe(["order/hidden", "order/z", "order/b", "order/m"]);
        (await stores.Two.ReadNewestIdsAsync("order", 2, default)).ShouldBe(["order/hidden", "order/z"]);
    }

    private static JournalCommit Commit(string grain, long version, string events, bool hasWork = false, bool isForReaders = true, DateTimeOffset? at = null) =>
        new(grain, version, Guid.NewGuid(), 1, hasWork, isForReaders, at ?? DateTimeOffset.UnixEpoch, Encoding.UTF8.GetBytes(events));

    private static string Text(JournalCommit commit) => Encoding.UTF8.GetString(commit.Events.Span);

    // Two stores over one place, as two silos have them.
    private sealed class Stores : IAsyncDisposable
    {
        private Stores(StorePlace place) => (Place, One, Two) = (place, Create(place), Create(place));

        public StorePlace Place { get; }

        public IJournalStore One { get; }

        public IJournalStore Two { get; }

        public static async Task<Stores> OpenAsync(string kind)
        {
            var stores = new Stores(await StorePlace.CreateAsync(kind));
            await stores.One.EnsureSchemaAsync(default);
            return stores;
        }

        public static IJournalStore Create(StorePlace place) => ShopSiloExtensions.CreateStore(new ShopOptions
        {
            Store = place.IsPostgreSql ? StoreKind.PostgreSql : StoreKind.Sqlite,
            ConnectionString = place.ConnectionString,
            DataDirectory = place.Directory,
        });

        public async ValueTask DisposeAsync()
        {
            foreach (IJournalStore store in new[] { One, Two })
            {
                if (store is IAsyncDisposable asyncStore) await asyncStore.DisposeAsync();
                else (store as IDisposable)?.Dispose();
            }

            Place.Dispose();
        }
    }
}
