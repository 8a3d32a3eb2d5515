using System.Data.Common;
using Microsoft.Data.Sqlite;
using Orleans.Hosting;
using Orleans.TestingHost;

namespace Shop.Runtime.Tests;

public sealed class AdoNetStorageTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"shop-{Guid.NewGuid():N}.db");

    static AdoNetStorageTests()
    {
        SQLitePCL.Batteries_V2.Init();
        DbProviderFactories.RegisterFactory("Sqlite", SqliteFactory.Instance);
    }

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        File.Delete(_file);
    }

    [Fact]
    public async Task State_survives_the_activation_and_is_gone_when_cleared()
    {
        await using InProcessTestCluster cluster = await Deploy();
        await StorageTests.SurvivesAsync(cluster);
    }

    [Fact]
    public async Task Of_two_silos_that_write_the_same_state_one_is_refused()
    {
        await using InProcessTestCluster one = await Deploy();
        await using InProcessTestCluster two = await Deploy();
        await one.Client.GetGrain<INotesGrain>("n").Write("first");
        await two.Client.GetGrain<INotesGrain>("n").Write("second");
        await Should.ThrowAsync<Orleans.Storage.InconsistentStateException>(() => one.Client.GetGrain<INotesGrain>("n").Write("stale"));
    }

    [Fact]
    public async Task Reminders_survive_a_restart()
    {
        await using (InProcessTestCluster first = await Deploy())
            await first.Client.GetGrain<IAlarmGrain>("r").Set(TimeSpan.Zero, TimeSpan.FromMinutes(1));
        await using InProcessTestCluster second = await Deploy();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (await second.Client.GetGrain<IAlarmGrain>("r").Rings() == 0) await Task.Delay(5, limit.Token);
    }

    private async Task<InProcessTestCluster> Deploy()
    {
        InProcessTestCluster cluster = new InProcessTestClusterBuilder(1).ConfigureSilo((_, silo) =>
        {
            silo.AddAdoNetGrainStorage("store", o => (o.Invariant, o.ConnectionString) = ("Sqlite", $"Data Source={_file}"));
            silo.UseAdoNetReminderService(o => (o.Invariant, o.ConnectionString) = ("Sqlite", $"Data Source={_file}"));
        }).Build();
        await cluster.DeployAsync();
        return cluster;
    }
}
