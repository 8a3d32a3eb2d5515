using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.TestingHost;
using Shop.Testing;

namespace Shop.Runtime.Tests;

/// <summary>Everything that the embedded runtime does in time, it does by the clock that it is given.</summary>
public sealed class ClockTests
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
}
