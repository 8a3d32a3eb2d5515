using Orleans.Hosting;
using Orleans.TestingHost;

namespace Shop.Runtime.Tests;

public sealed class StorageTests
{
    [Fact]
    public async Task State_survives_the_activation_and_is_gone_when_cleared()
    {
        await using InProcessTestCluster cluster = new InProcessTestClusterBuilder(1).ConfigureSilo((_, silo) => silo.AddMemoryGrainStorage("store")).Build();
        await cluster.DeployAsync();
        await SurvivesAsync(cluster);
    }

    internal static async Task SurvivesAsync(InProcessTestCluster cluster)
    {
        INotesGrain notes = cluster.Client.GetGrain<INotesGrain>("n");
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
}
