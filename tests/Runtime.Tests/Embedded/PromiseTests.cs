using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.TestingHost;

namespace Shop.Runtime.Tests;

/// <summary>What the embedded runtime promises beyond what every engine must.</summary>
public sealed class PromiseTests
{
    [Fact]
    public async Task A_call_cycle_is_named()
    {
        await using InProcessTestCluster cluster = await Deploy(1);
        TimeoutException error = await Should.ThrowAsync<TimeoutException>(() => cluster.Client.GetGrain<IProbeGrain>("one").CallBack("two"));
        error.Message.ShouldContain("deadlock");
        error.Message.ShouldMatch("probe/one → probe/two → probe/one|probe/two → probe/one → probe/two");
    }

    [Fact]
    public async Task A_call_that_timed_out_before_it_started_never_starts()
    {
        await using InProcessTestCluster cluster = await Deploy(1);
        IProbeGrain probe = cluster.Client.GetGrain<IProbeGrain>("late");
        Task<int> running = probe.Hold("late1");
        Task<int> waiting = probe.Add(100);
        await Should.ThrowAsync<TimeoutException>(() => running);
        await Should.ThrowAsync<TimeoutException>(() => waiting);
        Gates.Open("late1");
        (await probe.Add(0)).ShouldBe(1);
    }

    [Fact]
    public async Task A_call_that_no_silo_took_is_told_that_it_did_not_happen()
    {
        await using InProcessTestCluster cluster = await Deploy(2);
        IProbeGrain probe = cluster.Client.GetGrain<IProbeGrain>("nowhere");
        await probe.Add(1);
        await cluster.StopSiloAsync(cluster.Silos[1]);
        await cluster.StopSiloAsync(cluster.Silos[0]);
        (await Should.ThrowAsync<OrleansMessageRejectionException>(() => probe.Add(1))).Message.ShouldContain("did not happen");
    }

    [Fact]
    public async Task A_call_under_way_to_a_silo_that_dies_is_told_that_it_may_have_happened()
    {
        await using InProcessTestCluster cluster = await Deploy(2);
        IProbeGrain[] probes = [.. Enumerable.Range(0, 20).Select(i => cluster.Client.GetGrain<IProbeGrain>($"doubtful-{i}"))];
        Task<int>[] underWay = [.. probes.Select((p, i) => p.Hold($"doubtful-gate-{i}"))];
        for (int i = 0; i < probes.Length; i++) await Gates.Arrived($"doubtful-gate-{i}");
        await cluster.KillSiloAsync(cluster.Silos[1]);
        SiloUnavailableException error = await Should.ThrowAsync<SiloUnavailableException>(async () => await await Task.WhenAny(underWay));
        error.Message.ShouldContain("may have happened");
        for (int i = 0; i < probes.Length; i++) Gates.Open($"doubtful-gate-{i}");
    }

    [Fact]
    public async Task A_silo_that_joins_gets_its_share_without_an_error_and_no_grain_is_in_two_places()
    {
        const int Grains = 2_000;
        // Nobody dies here, however slow the machine is at the moment: after a death two activations may meet for a while.
        await using InProcessTestCluster cluster = new InProcessTestClusterBuilder(3).ConfigureSilo((_, silo) => silo.HasLease(TimeSpan.FromSeconds(30))).Build();
        await cluster.DeployAsync();
        ISoleGrain[] soles = [.. Enumerable.Range(0, Grains).Select(i => cluster.Client.GetGrain<ISoleGrain>($"sole-{Guid.NewGuid()}"))];
        using var stop = new CancellationTokenSource();
        long calls = 0;
        Task[] load = [.. Enumerable.Range(0, 16).Select(worker => Task.Run(async () =>
        {
            var random = new Random(worker);
            while (!stop.IsCancellationRequested)
            {
                (await soles[random.Next(Grains)].Call()).ShouldBe(1);
                Interlocked.Increment(ref calls);
            }
        }))];
        await Task.WhenAll(soles.Select(s => s.Call()));
        await cluster.StartAdditionalSiloAsync();
        await Task.Delay(1_000);
        await Task.WhenAll(soles.Select(s => s.Call()));
        long before = Interlocked.Read(ref calls);
        await Task.Delay(300);
        Interlocked.Read(ref calls).ShouldBeGreaterThan(before);
        double even = cluster.ActivationCounts().Sum() / 4.0;
        cluster.ActivationCounts().ShouldAllBe(n => Math.Abs(n - even) < even * 0.15, string.Join(", ", cluster.ActivationCounts()));

        // And back: a silo that leaves in order costs nobody an error either.
        await cluster.StopSiloAsync(cluster.Silos[0]);
        await Task.WhenAll(soles.Select(s => s.Call()));
        await stop.CancelAsync();
        await Task.WhenAll(load);
        SoleGrain.Overlaps.ShouldBe(0);
    }

    [Fact]
    public async Task Stopping_deactivates_every_grain_and_refuses_later_calls()
    {
        InProcessTestCluster cluster = await Deploy(1);
        IProbeGrain probe = cluster.Client.GetGrain<IProbeGrain>("stopped");
        await probe.Add(1);
        await cluster.StopAllSilosAsync();
        cluster.ActivationCounts().Sum().ShouldBe(0);
        await Should.ThrowAsync<OrleansMessageRejectionException>(() => probe.Add(1));
    }

    [Fact]
    public async Task A_delivery_has_at_most_as_many_items_as_may_be_read_ahead()
    {
        await using InProcessTestCluster cluster = await StreamTests.Deploy();
        await StreamTests.Stream(cluster, "limit").OnNextBatchAsync(Enumerable.Range(0, 5_000));
        await StreamTests.Eventually(() => ConsumerGrain.Taken("limit").Count >= 5_000);
        ConsumerGrain.LargestBatch.GetValueOrDefault("limit").ShouldBeInRange(1, 500);
    }

    [Fact]
    public async Task A_consumer_is_told_of_each_failed_delivery()
    {
        await using InProcessTestCluster cluster = await StreamTests.Deploy();
        ConsumerGrain.Failures["told"] = 3;
        await StreamTests.Stream(cluster, "told").OnNextBatchAsync(Enumerable.Range(0, 50));
        await StreamTests.Eventually(() => ConsumerGrain.Taken("told").Count >= 50);
        ConsumerGrain.Errors.GetValueOrDefault("told").ShouldBe(3);
    }

    [Fact]
    public async Task The_reminders_of_a_silo_that_dies_tick_on_another_within_seconds()
    {
        const int Alarms = 12;
        var table = new SharedReminderTable();
        await using InProcessTestCluster cluster = new InProcessTestClusterBuilder(3).ConfigureSilo((_, silo) =>
        {
            silo.HasLease(TimeSpan.FromSeconds(2));
            silo.AddReminders();
            silo.Services.AddSingleton<IReminderTable>(table);
        }).Build();
        await cluster.DeployAsync();
        IAlarmGrain[] alarms = [.. Enumerable.Range(0, Alarms).Select(i => cluster.Client.GetGrain<IAlarmGrain>($"alarm-{i}"))];
        await Task.WhenAll(alarms.Select(a => a.Set(TimeSpan.Zero, TimeSpan.FromMinutes(1))));
        await EventuallyAsync(async () => (await Task.WhenAll(alarms.Select(a => a.Rings()))).All(n => n == 1));

        // Their grains come back elsewhere, where nothing has rung yet.
        await cluster.KillSiloAsync(cluster.Silos[0]);
        await EventuallyAsync(async () => (await Task.WhenAll(alarms.Select(a => a.Rings()))).All(n => n >= 1));
    }

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                if (await condition()) return;
            }
            catch (OrleansException)
            {
                // In doubt, or on its way to a silo that is gone; looked at again.
            }

            await Task.Delay(50, limit.Token);
        }
    }

    private static async Task<InProcessTestCluster> Deploy(short silos)
    {
        InProcessTestCluster cluster = new InProcessTestClusterBuilder(silos)
            .ConfigureSilo((_, silo) => silo.Configure<SiloMessagingOptions>(o => o.ResponseTimeout = TimeSpan.FromSeconds(1)))
            .ConfigureClient(client => client.Services.Configure<ClientMessagingOptions>(o => o.ResponseTimeout = TimeSpan.FromSeconds(5)))
            .Build();
        await cluster.DeployAsync();
        return cluster;
    }
}
