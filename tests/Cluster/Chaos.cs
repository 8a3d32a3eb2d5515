using System.Diagnostics;

namespace Shop.Cluster.Tests;

/// <summary>What came of one run.</summary>
public sealed record ChaosResult(string Fault, int Seed, int Operations, int Errors, TimeSpan Outage, IReadOnlyList<string> Violations);

/// <summary>One run: customers buy, something goes wrong, it is put right, customers go on, and then everything is checked.</summary>
public static class Chaos
{
    private const int Clients = 12;
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(1.5), After = TimeSpan.FromSeconds(2);

    public static async Task<ChaosResult> RunAsync(ShopCluster cluster, Fault fault, int seed)
    {
        var random = new Random(seed);
        await using Load load = await Load.StartAsync(cluster, $"c{seed:x8}{Guid.NewGuid().ToString("N")[..6]}", Clients, seed);
        long began = Stopwatch.GetTimestamp();
        await Task.Delay(Before);
        await fault.StrikeAsync(cluster, random);
        await cluster.WhenReadyAsync();
        await Task.Delay(After);
        long ended = Stopwatch.GetTimestamp();
        await load.StopAsync();
        IReadOnlyList<string> violations = await Verdict.FindViolationsAsync(cluster, load);
        return new ChaosResult(fault.Name, seed, load.History.Count, load.Errors, load.History.LongestOutage(began, ended), violations);
    }
}
