using System.Text;
using Npgsql;
using Shop.Hosting;
using Shop.Journal;
using Shop.Journaling;
using Shop.Streams;
using Shop.Testing;

namespace Shop.Silo.Tests;

/// <summary>What the stores take of the connections that PostgreSQL has. Alone, as other tests empty all pools of the process when they end.</summary>
[CollectionDefinition(nameof(ConnectionsTests), DisableParallelization = true)]
[Collection(nameof(ConnectionsTests))]
public sealed class ConnectionsTests
{
    private const string Name = "connections";
    private const string Ours = "application_name LIKE @name || '%'";

    [PostgreSqlFact]
    public async Task A_journal_takes_no_more_than_it_may_and_writes_over_one()
    {
        const int Max = 5;
        using StorePlace place = await StorePlace.CreateAsync("PostgreSql");
        await using var store = new PostgreSqlJournalStore(new NpgsqlConnectionStringBuilder(place.ConnectionString) { MaxPoolSize = Max, ApplicationName = Name }.ToString());
        await store.EnsureSchemaAsync(default);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(async i =>
        {
            string grain = $"stock/{i}";
            (await store.AppendAsync([Commit(grain)], default)).ShouldBe([true]);
            (await store.ReadTailAsync(grain, 1, default)).ShouldHaveSingleItem();
            (await store.ReadGrainAsync(grain, 0, 1, default)).ShouldHaveSingleItem();
            await store.ReadPartitionAsync(i % IJournalStore.PartitionCount, JournalPosition.Start, 10, default);
        }));
        (await CountAsync(place, "application_name = @name")).ShouldBeInRange(4, Max);
        (await CountAsync(place, "application_name = @name AND query LIKE 'INSERT INTO journal %'")).ShouldBe(1);
    }

    [PostgreSqlFact]
    public async Task Consumers_and_readers_of_projections_share_what_there_may_be()
    {
        const int Max = 4;
        using StorePlace place = await StorePlace.CreateAsync("PostgreSql");
        using var store = Projections(new NpgsqlConnectionStringBuilder(place.ConnectionString) { MaxPoolSize = Max, ApplicationName = Name }.ToString());
        await Task.WhenAll(Enumerable.Range(0, 100).Select(async i =>
        {
            var position = new JournalPosition(1, 1);
            await store.CommitAsync(new ProjectionCommit(Name, i, 1, JournalPosition.Start, position) { Rows = [new RowChange("a", "1")] }, default);
            (await store.ReadKeysAsync(Name, i, ["a"], default)).ShouldHaveSingleItem();
            (await store.ReadKeysAsync(Name, null, ["a"], default)).ShouldNotBeEmpty();
        }));
        (await CountAsync(place, Ours)).ShouldBeInRange(2, Max);
        (await CountAsync(place, "application_name = @name || ' consumers'")).ShouldBeInRange(1, Math.Max(1, Environment.ProcessorCount / 2));
    }

    [PostgreSqlFact]
    public async Task Nobody_who_reads_is_told_of_connections_that_have_died()
    {
        using StorePlace place = await StorePlace.CreateAsync("PostgreSql");
        string connectionString = new NpgsqlConnectionStringBuilder(place.ConnectionString) { ApplicationName = Name }.ToString();
        await using var journal = new PostgreSqlJournalStore(connectionString);
        using var projections = Projections(connectionString);
        await journal.EnsureSchemaAsync(default);
        await journal.AppendAsync([Commit("stock/a")], default);
        int partition = IJournalStore.PartitionOf("stock/a");
        // Those who read a partition see nothing as long as an older transaction of the server is under way, and the server is that of other tests, too.
        for (int i = 0; i < 1_000 && await journal.ReadEndAsync(partition, default) == JournalPosition.Start; i++) await Task.Delay(10);
        await projections.CommitAsync(new ProjectionCommit(Name, 0, 1, JournalPosition.Start, new JournalPosition(1, 1)) { Rows = [new RowChange("a", "1")] }, default);
        Func<Task>[] reads =
        [
            async () => (await journal.ReadTailAsync("stock/a", 1, default)).ShouldHaveSingleItem(),
            async () => (await journal.ReadGrainAsync("stock/a", 0, 1, default)).ShouldHaveSingleItem(),
            async () => (await journal.ReadPartitionAsync(partition, JournalPosition.Start, 1, default)).ShouldHaveSingleItem(),
            async () => (await journal.ReadEndAsync(partition, default)).ShouldNotBe(JournalPosition.Start),
            async () => (await journal.ReadTypeAsync("stock", null, 0, 1, default)).ShouldHaveSingleItem(),
            async () => (await journal.ReadIdsAsync("stock", null, 1, default)).ShouldBe(["stock/a"]),
            async () => (await journal.ReadNewestIdsAsync("stock", 1, default)).ShouldBe(["stock/a"]),
            async () => (await projections.ReadPlaceAsync(Name, 0, default)).ShouldNotBeNull(),
            async () => (await projections.ReadKeysAsync(Name, 0, ["a"], default)).ShouldHaveSingleItem(),
            async () => (await projections.ReadRangeAsync(Name, null, "a", "b", 1, default)).ShouldHaveSingleItem(),
        ];
        foreach (Func<Task> read in reads)
        {
            // Several at once, so that a pool has several that die.
            await Task.WhenAll(reads.Concat(reads).Select(r => r()));
            (await EndAsync(place)).ShouldBeGreaterThan(reads.Length / 2);
            await read();
        }
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_unavailable_for_whoever_reads()
    {
        string nobody = PostgreSqlServer.At(Ports.Free());
        await using var journal = new PostgreSqlJournalStore(nobody);
        using var projections = Projections(nobody);
        await Should.ThrowAsync<JournalUnavailableException>(() => journal.ReadTypeAsync("product", null, 0, 1, default));
        await Should.ThrowAsync<JournalUnavailableException>(() => journal.ReadTailAsync("product/a", 1, default));
        await Should.ThrowAsync<JournalUnavailableException>(() => projections.ReadKeysAsync(Name, null, ["a"], default));
        await Should.ThrowAsync<JournalUnavailableException>(() => projections.ReadPlaceAsync(Name, 0, default));
    }

    private static AdoNetProjectionStore Projections(string connectionString) => ShopSiloExtensions.CreateProjectionStore(new ShopOptions { ConnectionString = connectionString });

    private static JournalCommit Commit(string grain) => new(grain, 1, Guid.NewGuid(), 1, false, true, DateTimeOffset.UnixEpoch, Encoding.UTF8.GetBytes("[1]"));

    // Ends the processes of all connections, as a crash would; how many there were.
    private static async Task<long> EndAsync(StorePlace place)
    {
        long ended = await CountAsync(place, Ours, "pg_terminate_backend(pid)");
        for (int i = 0; i < 1_000 && await CountAsync(place, Ours) > 0; i++) await Task.Delay(5);
        return ended;
    }

    private static async Task<long> CountAsync(StorePlace place, string which, string filter = "true")
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(place.ConnectionString!);
        await using NpgsqlCommand command = source.CreateCommand($"SELECT count(*) FILTER (WHERE {filter}) FROM pg_stat_activity WHERE datname = current_database() AND {which}");
        command.Parameters.AddWithValue("name", Name);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
