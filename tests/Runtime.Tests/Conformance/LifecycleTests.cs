using System.Collections.Concurrent;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.TestingHost;

namespace Shop.Runtime.Tests;

public sealed class LifecycleTests
{
    [Fact]
    public async Task A_timer_ticks_as_a_turn_and_ends_with_its_activation()
    {
        await using InProcessTestCluster cluster = await Deploy();
        IProbeGrain probe = Probe(cluster, "real timer");
        await probe.Ticking(TimeSpan.FromMilliseconds(50));
        await Eventually(async () => await probe.Ticks() >= 3);
        await probe.Die();
        await Task.Delay(200);
        (await probe.Ticks()).ShouldBe(0);
    }

    [Fact]
    public async Task An_idle_grain_is_collected_and_a_used_one_is_not()
    {
        await using InProcessTestCluster cluster = new InProcessTestClusterBuilder(1)
            .ConfigureSilo((_, silo) => silo.Configure<GrainCollectionOptions>(o => (o.CollectionAge, o.CollectionQuantum) = (TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(1))))
            .Build();
        await cluster.DeployAsync();
        await Probe(cluster, "really idle").Add(1);
        await Probe(cluster, "really used").Add(1);
        await Eventually(async () =>
        {
            await Probe(cluster, "really used").Add(1);
            return cluster.ActivationCounts().Sum() == 1;
        });
        (await Probe(cluster, "really used").Activations()).ShouldBe(1);
        (await Probe(cluster, "really idle").Add(0)).ShouldBe(0);
    }

    [Fact]
    public async Task A_reminder_rings_and_a_period_that_is_too_short_is_refused()
    {
        await using InProcessTestCluster cluster = new InProcessTestClusterBuilder(1).ConfigureSilo((_, silo) => silo.UseInMemoryReminderService()).Build();
        await cluster.DeployAsync();
        IAlarmGrain alarm = cluster.Client.GetGrain<IAlarmGrain>("a");
        await alarm.Set(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        (await alarm.Rings()).ShouldBe(0);
        await Eventually(async () => await alarm.Rings() == 1);
        await alarm.Stop();
        await alarm.Stop();
        await Should.ThrowAsync<ArgumentException>(() => alarm.Set(TimeSpan.Zero, TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task Filters_see_calls_on_both_sides_in_order_and_may_change_the_result()
    {
        FilterLog.Clear();
        await using InProcessTestCluster cluster = await Deploy(silo => silo.AddIncomingGrainCallFilter<IncomingFilter>().AddOutgoingGrainCallFilter<OutgoingFilter>());
        await Probe(cluster, "front").CallProbe("filtered");
        FilterLog.ShouldBe(["out Add 1", "in probe/filtered Add", "in done 1", "out done 2"]);
        await Should.ThrowAsync<ArgumentException>(() => Probe(cluster, "filtered").Fail("through filters"));
    }

    internal static ConcurrentQueue<string> FilterLog { get; } = new();

    // An engine's own calls pass filters too.
    private static bool IsWatched(IGrainCallContext context) => context.TargetId.ToString() == "probe/filtered" && context.MethodName == nameof(IProbeGrain.Add);

    private static IProbeGrain Probe(InProcessTestCluster cluster, string key) => cluster.Client.GetGrain<IProbeGrain>(key);

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!await condition()) await Task.Delay(20, limit.Token);
    }

    private static async Task<InProcessTestCluster> Deploy(Action<ISiloBuilder>? configure = null)
    {
        InProcessTestCluster cluster = new InProcessTestClusterBuilder(1)
            .ConfigureSilo((_, silo) => configure?.Invoke(silo))
            .Build();
        await cluster.DeployAsync();
        return cluster;
    }

    public sealed class IncomingFilter : IIncomingGrainCallFilter
    {
        public async Task Invoke(IIncomingGrainCallContext context)
        {
            if (!IsWatched(context))
            {
                await context.Invoke();
                return;
            }

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
            if (!IsWatched(context))
            {
                await context.Invoke();
                return;
            }

            FilterLog.Enqueue($"out {context.MethodName} {context.Request.GetArgument(0)}");
            await context.Invoke();
            FilterLog.Enqueue($"out done {context.Result}");
        }
    }
}
