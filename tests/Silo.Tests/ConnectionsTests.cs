using System.Text;
using Npgsql;
using Shop.Journal;
using Shop.Journaling;
using Shop.Streams;
using Shop.Testing;

namespace Shop.Silo.Tests;

/// <summary>What the stores take of the connections that PostgreSQL has.</summary>
public sealed class ConnectionsTests
{
    private const string Name = "connections";

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
            (await store.AppendAsync([new JournalCommit(grain, 1, Guid.NewGuid(), 1, false, true, DateTimeOffset.UnixEpoch, Encoding.UTF8.GetBytes("[1]"))], default)).ShouldBe([true]);
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
        using var store = new AdoNetProjectionStore(ProjectionDatabase.PostgreSql(new NpgsqlConnectionStringBuilder(place.ConnectionString) { MaxPoolSize = Max, ApplicationName = Name }.ToString()));
        await Task.WhenAll(Enumerable.Range(0, 100).Select(async i =>
        {
            var position = new JournalPosition(1, 1);
            await store.CommitAsync(new ProjectionCommit(Name, i, 1, JournalPosition.Start, position) { Rows = [new RowChange("a", "1")] }, default);
            (await store.ReadKeysAsync(Name, i, ["a"], default)).ShouldHaveSingleItem();
            (await store.ReadKeysAsync(Name, null, ["a"], default)).ShouldNotBeEmpty();
        }));
        (await CountAsync(place, "application_name LIKE @name || '%'")).ShouldBeInRange(2, Max);
        (await CountAsync(place, "application_name = @name || ' consumers'")).ShouldBeInRange(1, Math.Max(1, Environment.ProcessorCount / 2));
    }

    private static async Task<long> CountAsync(StorePlace place, string which)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(place.ConnectionString!);
        await using NpgsqlCommand command = source.CreateCommand($"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {which}");
        command.Parameters.AddWithValue("name", Name);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
