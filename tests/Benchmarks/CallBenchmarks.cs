using BenchmarkDotNet.Attributes;
using Orleans;
using Orleans.TestingHost;

namespace Shop.Benchmarks;

/// <summary>A grain that does nothing, to measure what a call costs.</summary>
public interface IEchoGrain : IGrainWithStringKey
{
    Task<int> Echo(int value);
}

/// <inheritdoc cref="IEchoGrain"/>
public sealed class EchoGrain : Grain, IEchoGrain
{
    private static readonly Task<int>[] Answers = [.. Enumerable.Range(0, 256).Select(Task.FromResult)];

    /// <inheritdoc/>
    public Task<int> Echo(int value) => Answers[value & 255];
}

/// <summary>Calls of warm grains in process: time and allocation a call.</summary>
[MemoryDiagnoser, InProcess]
public class CallBenchmarks
{
    private const int Calls = 100_000, Grains = 10_000;
    private InProcessTestCluster _cluster = null!;
    private IEchoGrain[] _grains = null!;

    /// <summary>How many callers wait for answers at once.</summary>
    [Params(1, 64, 512)]
    public int Callers { get; set; }

    [GlobalSetup]
    public async Task Setup()
    {
        _cluster = new InProcessTestClusterBuilder(1).Build();
        await _cluster.DeployAsync();
        _grains = [.. Enumerable.Range(0, Grains).Select(i => _cluster.Client.GetGrain<IEchoGrain>($"g{i}"))];
        await Task.WhenAll(_grains.Select(g => g.Echo(0)));
    }

    [GlobalCleanup]
    public async Task Cleanup() => await _cluster.DisposeAsync();

    [Benchmark(OperationsPerInvoke = Calls)]
    public Task OneGrain() => Run(_ => _grains[0]);

    [Benchmark(OperationsPerInvoke = Calls)]
    public Task ManyGrains() => Run(i => _grains[i % Grains]);

    private Task Run(Func<int, IEchoGrain> grain) => Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
    {
        for (int i = caller; i < Calls; i += Callers) await grain(i).Echo(i);
    })));
}
