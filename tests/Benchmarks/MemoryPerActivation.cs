using Orleans.TestingHost;

namespace Shop.Benchmarks;

/// <summary>What an idle activation costs beyond its own state: the heap before and after a hundred thousand of them.</summary>
internal static class MemoryPerActivation
{
    private const int Count = 100_000;

    public static async Task RunAsync()
    {
        await using TestCluster cluster = new TestClusterBuilder().Build();
        await cluster.DeployAsync();
        await cluster.GrainFactory.GetGrain<IEchoGrain>("warm").Echo(1);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < Count; i += 100)
            await Task.WhenAll(Enumerable.Range(i, 100).Select(n => cluster.GrainFactory.GetGrain<IEchoGrain>($"idle-{n}").Echo(n)));
        long after = GC.GetTotalMemory(forceFullCollection: true);
        Console.WriteLine($"{cluster.ActivationCount} activations, {(after - before) / (double)Count:F0} bytes each, key and directory entry included");
    }
}
