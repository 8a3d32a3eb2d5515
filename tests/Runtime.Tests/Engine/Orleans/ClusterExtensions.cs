using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.TestingHost;

namespace Shop.Runtime.Tests;

/// <summary>What tests ask of a cluster beyond the testing host.</summary>
internal static class ClusterExtensions
{
    /// <summary>How many calls more than its limit a mailbox may take: Orleans looks and adds in two steps, so calls that arrive in the same instant may all find the last place free.</summary>
    public const int CallsOverLimitMax = 5;

    /// <summary>How many grains each silo has in memory, as far as they are those of tests.</summary>
    public static IReadOnlyList<int> ActivationCounts(this InProcessTestCluster cluster)
    {
        SimpleGrainStatistic[] known = Management(cluster).GetSimpleGrainStatistics().GetAwaiter().GetResult();
        return [.. cluster.Silos.Select(s => known.Where(k => k.SiloAddress.Equals(s.SiloAddress) && k.GrainType.Contains("Shop.", StringComparison.Ordinal)).Sum(k => k.ActivationCount))];
    }

    /// <summary>Calls are part of traces.</summary>
    public static InProcessTestClusterBuilder TracesCalls(this InProcessTestClusterBuilder builder) =>
        builder.ConfigureSilo((_, silo) => silo.AddActivityPropagation()).ConfigureClient(client => client.AddActivityPropagation());

    /// <summary>How long a silo that is silent is taken for alive.</summary>
    public static void HasLease(this ISiloBuilder silo, TimeSpan lease) => silo.Services.Configure<ClusterMembershipOptions>(o => o.ProbeTimeout = lease / o.NumMissedProbesLimit);

    /// <summary>Each silo has its share of the grains, as in the shop; by default they stay where they are asked for first.</summary>
    public static InProcessTestClusterBuilder SpreadsGrains(this InProcessTestClusterBuilder builder) =>
        builder.ConfigureSilo((_, silo) => silo.Services.AddSingleton<PlacementStrategy, RandomPlacement>());

    /// <summary>Ends all activations, so that the next calls meet new ones.</summary>
    public static Task DeactivateAllAsync(this InProcessTestCluster cluster) => Management(cluster).ForceActivationCollection(TimeSpan.Zero);

    private static IManagementGrain Management(InProcessTestCluster cluster) => cluster.Client.GetGrain<IManagementGrain>(0);
}
