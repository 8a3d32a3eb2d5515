using System.Diagnostics;
using Orleans;
using Orleans.TestingHost;

namespace Shop.Benchmarks;

/// <summary>Ten million calls, one at a time: the grain goes to sleep after each, and must not miss the next.</summary>
internal static class SleepyGrain
{
    private const int Calls = 10_000_000;

    public static async Task RunAsync()
    {
        await using InProcessTestCluster cluster = new InProcessTestClusterBuilder(1).Build();
        await cluster.DeployAsync();
        IEchoGrain grain = cluster.Client.GetGrain<IEchoGrain>("sleepy");
        var watch = Stopwatch.StartNew();
        for (int i = 0; i < Calls; i++) await grain.Echo(i).WaitAsync(TimeSpan.FromSeconds(10));
        Console.WriteLine($"{Calls} calls one at a time, {Calls / watch.Elapsed.TotalSeconds:F0} a second, none missed");
    }
}
