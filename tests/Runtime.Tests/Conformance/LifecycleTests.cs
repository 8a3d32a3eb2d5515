using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.TestingHost;
using Shop.Testing;

namespace Shop.Runtime.Tests;

public sealed class LifecycleTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public async Task An_idle_grain_is_collected_and_a_used_one_is_not()
    {
        await using InProcessTestCluster cluster = await Deploy(silo => silo.Configure<GrainCollectionOptions>(o => o.CollectionAge = TimeSpan.FromMinutes(5)));
        await Probe(cluster, "idle").Add(1);
        await Probe(cluster, "used").Add(1);
        await Eventually(async () =>
        {
            _clock.Advance(TimeSpan.FromMinutes(1));
            await Probe(cluster, "used").Add(1);
            return cluster.ActivationCounts().Sum() == 1;
        });
        (await Probe(cluster, "used").Activations()).ShouldBe(1);
        (await Probe(cluster, "idle").Add(0)).ShouldBe(0);
    }

    [Fact]
    public async Task A_timer_ticks_as_a_turn_and_ends_with_its_activation()
    {
        await using InProcessTestCluster cluster = await Deploy();
        IProbeGrain probe = Probe(cluster, "timer");
        await probe.Ticking(TimeSpan.FromSeconds(1));
        for (int i = 1; i <= 3; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Eventually(async () => await probe.Ticks() == i);
        }

        await probe.Die();
        _clock.Advance(TimeSpan.FromSeconds(5));
        (await probe.Ticks()).ShouldBe(0);
    }

    [Fact]
    public async Task A_reminder_rings_in_its_time_also_after_the_grain_was_collected()
    {
        await using InProcessTestCluster cluster = await Deploy(silo => silo.UseInMemoryReminderService());
        IAlarmGrain alarm = cluster.Client.GetGrain<IAlarmGrain>("a");
        await alarm.Set(TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(1));
        _clock.Advance(TimeSpan.FromMinutes(1));
        (await alarm.Rings()).ShouldBe(0);
        _clock.Advance(TimeSpan.FromMinutes(1));
        await Eventually(async () => await alarm.Rings() == 1);
        await cluster.DeactivateAllAsync();
        _clock.Advance(TimeSpan.FromMinutes(1));
        await Eventually(async () => await alarm.Rings() == 1);
        await alarm.Stop();
        _clock.Advance(TimeSpan.FromMinutes(5));
        (await alarm.Rings()).ShouldBe(1);
        await Should.ThrowAsync<ArgumentOutOfRangeException>(() => alarm.Set(TimeSpan.Zero, TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task Filters_see_calls_on_both_sides_in_order_and_may_change_the_result()
    {
        FilterLog.Clear();
        await using InProcessTestCluster cluster = await Deploy(silo => silo.AddIncomingGrainCallFilter<IncomingFilter>().AddOutgoingGrainCallFilter<OutgoingFilter>());
        (await Probe(cluster, "filtered").Add(20)).ShouldBe(21);
        FilterLog.ShouldBe(["out Add 20", "in probe/filtered Add", "in done 20", "out done 21"]);
        await Should.ThrowAsync<ArgumentException>(() => Probe(cluster, "filtered").Fail("through filters"));
    }

    internal static ConcurrentQueue<string> FilterLog { get; } = new();

    private static IProbeGrain Probe(InProcessTestCluster cluster, string key) => cluster.Client.GetGrain<IProbeGrain>(key);

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!await condition()) await Task.Delay(5, limit.Token);
    }

    private async Task<InProcessTestCluster> Deploy(Action<ISiloBuilder>? configure = null)
    {
        InProcessTestCluster cluster = new InProcessTestClusterBuilder(1)
            .ConfigureSilo((_, silo) => silo.Services.AddSingleton<TimeProvider>(_clock))
            .ConfigureSilo((_, silo) => configure?.Invoke(silo))
            .Build();
        await cluster.DeployAsync();
        return cluster;
    }

    public sealed class IncomingFilter : IIncomingGrainCallFilter
    {
        public async Task Invoke(IIncomingGrainCallContext context)
        {
            FilterLog.Enqueue($"in {context.TargetId} {context.InterfaceMethod.Name}");
            await context.Invoke();
            FilterLog.Enqueue($"in done {context.Result}");
            if (context.Result is int number) context.Result = number + 1;
        }
    }

    public sealed class OutgoingFilter : IOutgoingGrainCallFilter
    {
        public async Task Invoke(IOutgoingGrainCallContext context)
        {
            FilterLog.Enqueue($"out {context.MethodName} {context.Request.GetArgument(0)}");
            await context.Invoke();
            FilterLog.Enqueue($"out done {context.Result}");
        }
    }
}
