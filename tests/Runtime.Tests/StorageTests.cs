using System.Data.Common;
using Microsoft.Data.Sqlite;
using Orleans.Hosting;
using Orleans.TestingHost;

namespace Shop.Runtime.Tests;

public sealed class StorageTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"shop-{Guid.NewGuid():N}.db");

    static StorageTests()
    {
        SQLitePCL.Batteries_V2.Init();
        DbProviderFactories.RegisterFactory("Sqlite", SqliteFactory.Instance);
    }

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        File.Delete(_file);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task State_survives_the_activation_and_is_gone_when_cleared(bool database)
    {
        await using TestCluster cluster = await Deploy(database);
        INotesGrain notes = cluster.GrainFactory.GetGrain<INotesGrain>("n");
        (await notes.Exists()).ShouldBeFalse();
        await notes.Write("one");
        await notes.Write("two");
        await cluster.DeactivateAllAsync();
        (await notes.Read()).ShouldBe(["one", "two"]);
        await notes.Erase();
        await cluster.DeactivateAllAsync();
        (await notes.Exists()).ShouldBeFalse();
        (await notes.Read()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Of_two_silos_that_write_the_same_state_one_is_refused()
    {
        await using TestCluster one = await Deploy(database: true);
        await using TestCluster two = await Deploy(database: true);
        await one.GrainFactory.GetGrain<INotesGrain>("n").Write("first");
        await two.GrainFactory.GetGrain<INotesGrain>("n").Write("second");
        await Should.ThrowAsync<Orleans.Storage.InconsistentStateException>(() => one.GrainFactory.GetGrain<INotesGrain>("n").Write("stale"));
    }

    [Fact]
    public async Task Reminders_survive_a_restart()
    {
        await using (TestCluster first = await Deploy(database: true))
            await first.GrainFactory.GetGrain<IAlarmGrain>("r").Set(TimeSpan.Zero, TimeSpan.FromMinutes(1));
        await using TestCluster second = await Deploy(database: true);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (await second.GrainFactory.GetGrain<IAlarmGrain>("r").Rings() == 0) await Task.Delay(5, limit.Token);
    }

    private async Task<TestCluster> Deploy(bool database)
    {
        TestCluster cluster = new TestClusterBuilder().ConfigureSilo(silo =>
        {
            if (database)
            {
                silo.AddAdoNetGrainStorage("store", o => (o.Invariant, o.ConnectionString) = ("Sqlite", $"Data Source={_file}"));
                silo.UseAdoNetReminderService(o => (o.Invariant, o.ConnectionString) = ("Sqlite", $"Data Source={_file}"));
            }
            else
            {
                silo.AddMemoryGrainStorage("store");
            }
        }).Build();
        await cluster.DeployAsync();
        return cluster;
    }
}
