using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;
using Orleans.TestingHost;

namespace Shop.Load;

/// <summary>A grain that does nothing, to measure what a call and an activation cost.</summary>
public interface IIdleGrain : IGrainWithStringKey
{
    /// <summary>The value.</summary>
    Task<int> Echo(int value);
}

/// <inheritdoc cref="IIdleGrain"/>
public sealed class IdleGrain : Grain, IIdleGrain
{
    private static readonly Task<int>[] Answers = [.. Enumerable.Range(0, 256).Select(Task.FromResult)];

    /// <inheritdoc/>
    public Task<int> Echo(int value) => Answers[value & 255];
}

/// <summary>What the engine costs without a shop in it.</summary>
/// <param name="OneGrain">Calls a second of one grain.</param>
/// <param name="ManyGrains">Calls a second over ten thousand grains.</param>
/// <param name="BytesPerActivation">The heap of an idle activation beyond its own state, key and directory entry included.</param>
public sealed record RuntimeFigures(double OneGrain, double ManyGrains, double BytesPerActivation)
{
    private const int Callers = 512, Grains = 10_000, Idle = 100_000;

    /// <summary>Measures, so many seconds each.</summary>
    public static async Task<RuntimeFigures> MeasureAsync(int seconds)
    {
        // Looked for now and then: the shop's own grains, which are not used here, say that they go after a minute.
        await using InProcessTestCluster cluster = new InProcessTestClusterBuilder(1)
            .ConfigureSilo((_, silo) => silo.Services.Configure<GrainCollectionOptions>(o => o.CollectionQuantum = TimeSpan.FromSeconds(30))).Build();
        await cluster.DeployAsync();
        IGrainFactory factory = cluster.GetSiloServiceProvider().GetRequiredService<IGrainFactory>();
        IIdleGrain[] grains = [.. Enumerable.Range(0, Grains).Select(i => factory.GetGrain<IIdleGrain>($"g{i}"))];
        await Task.WhenAll(grains.Select(g => g.Echo(0)));
        await CallsAsync(_ => grains[0], 2);
        double one = await CallsAsync(_ => grains[0], seconds), many = await CallsAsync(i => grains[i % Grains], seconds);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await Parallel.ForAsync(0, Idle, async (i, _) => await factory.GetGrain<IIdleGrain>($"idle-{i}").Echo(i));
        return new RuntimeFigures(one, many, (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)Idle);
    }

    /// <summary>Measures and prints.</summary>
    public static async Task<int> RunAsync(int seconds)
    {
        RuntimeFigures figures = await MeasureAsync(seconds);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Callers} callers: {figures.OneGrain:N0} calls a second of one grain, {figures.ManyGrains:N0} over {Grains:N0}; {figures.BytesPerActivation:F0} bytes an idle activation"));
        return 0;
    }

    private static async Task<double> CallsAsync(Func<int, IIdleGrain> grain, int seconds)
    {
        long began = Stopwatch.GetTimestamp(), calls = 0;
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            int mine = 0;
            for (int i = caller; Stopwatch.GetElapsedTime(began).TotalSeconds < seconds; i += Callers, mine++) await grain(i & int.MaxValue).Echo(i);
            Interlocked.Add(ref calls, mine);
        })));
        return calls / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}
