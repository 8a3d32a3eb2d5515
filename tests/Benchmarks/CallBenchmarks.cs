using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;
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

    // The benchmark's host does not wait for a task.
    [GlobalSetup]
    public void Setup() => SetupAsync().GetAwaiter().GetResult();

    [GlobalCleanup]
    public void Cleanup() => _cluster.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private async Task SetupAsync()
    {
        // Looked for now and then: the shop's own grains, which are not used here, say that they go after a minute.
        _cluster = new InProcessTestClusterBuilder(1)
            .ConfigureSilo((_, silo) => silo.Services.Configure<GrainCollectionOptions>(o => o.CollectionQuantum = TimeSpan.FromSeconds(30))).Build();
        await _cluster.DeployAsync();
        IGrainFactory factory = _cluster.GetSiloServiceProvider().GetRequiredService<IGrainFactory>();
        _grains = [.. Enumerable.Range(0, Grains).Select(i => factory.GetGrain<IEchoGrain>($"g{i}"))];
        await Task.WhenAll(_grains.Select(g => g.Echo(0)));
    }

    [Benchmark(OperationsPerInvoke = Calls)]
    public Task OneGrain() => Run(_ => _grains[0]);

    [Benchmark(OperationsPerInvoke = Calls)]
    public Task ManyGrains() => Run(i => _grains[i % Grains]);

    private Task Run(Func<int, IEchoGrain> grain) => Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
    {
        for (int i = caller; i < Calls; i += Callers) await grain(i).Echo(i);
    })));
}
