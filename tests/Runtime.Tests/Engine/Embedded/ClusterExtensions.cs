using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Activations;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.TestingHost;

namespace Shop.Runtime.Tests;

/// <summary>What tests ask of a cluster beyond the testing host.</summary>
internal static class ClusterExtensions
{
    /// <summary>How many calls more than its limit a mailbox may take: not at all.</summary>
    public const int CallsOverLimitMax = 0;

    /// <summary>How many grains each silo has in memory, as far as they are those of tests.</summary>
    public static IReadOnlyList<int> ActivationCounts(this InProcessTestCluster cluster) => [.. cluster.Silos.Select(s => s.ServiceProvider.GetRequiredService<Silo>().ActivationCount)];

    /// <summary>Calls are part of traces; they are without a word.</summary>
    public static InProcessTestClusterBuilder TracesCalls(this InProcessTestClusterBuilder builder) => builder;

    /// <summary>How long a silo that is silent is taken for alive.</summary>
    public static void HasLease(this ISiloBuilder silo, TimeSpan lease) => silo.Services.Configure<ClusterMembershipOptions>(o => o.LeaseDuration = lease);

    /// <summary>Each silo has its share of the grains; it has without a word.</summary>
    public static InProcessTestClusterBuilder SpreadsGrains(this InProcessTestClusterBuilder builder) => builder;

    /// <summary>Ends all activations, so that the next calls meet new ones.</summary>
    public static Task DeactivateAllAsync(this InProcessTestCluster cluster) => Task.WhenAll(cluster.Silos.Select(s => s.ServiceProvider.GetRequiredService<Silo>()
        .DeactivateAllAsync(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "All activations were asked to end."))));
}
