using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans;
using Orleans.Activations;
using Orleans.Concurrency;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Reminders;
using Orleans.Runtime;
using Orleans.TestingHost;

namespace Shop.Runtime.Tests;

/// <summary>Silos that speak to each other over connections.</summary>
public sealed class ClusterTests
{
    [Fact]
    public async Task Calls_reach_their_grain_on_whichever_silo_it_lives()
    {
        await using TestCluster cluster = await Deploy(3);
        for (int i = 0; i < 60; i++)
        {
            IProbeGrain probe = cluster.GrainFactory.GetGrain<IProbeGrain>($"far-{i}");
            (await probe.WhoAmI()).ShouldBe($"probe/far-{i}");
            (await probe.Echo([1, i])).ShouldBe([1, i, 99]);
            await probe.CallProbe($"far-{59 - i}");
            (await Should.ThrowAsync<ArgumentException>(() => probe.Fail("over there"))).Message.ShouldBe("over there");
        }

        cluster.ActivationCounts.ShouldAllBe(n => n > 5);
    }

    [Fact]
    public async Task Request_context_flows_from_silo_to_silo()
    {
        await using TestCluster cluster = await Deploy(3);
        RequestContext.Set("who", "ada");
        try
        {
            for (int i = 0; i < 20; i++)
                (await cluster.GrainFactory.GetGrain<IProbeGrain>($"context-{i}").ContextThrough($"context-{i + 100}", "who")).ShouldBe("ada");
        }
        finally
        {
            RequestContext.Clear();
        }
    }

    [Fact]
    public async Task A_trace_leads_from_call_to_call_and_from_silo_to_silo()
    {
        await using TestCluster cluster = await Deploy(3);
        var spans = new ConcurrentBag<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.Orleans.Application",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        using Activity request = new Activity("request") { ActivityTraceFlags = ActivityTraceFlags.Recorded }.Start();
        for (int i = 0; i < 20; i++) await cluster.GrainFactory.GetGrain<IProbeGrain>($"trace-{i}").ContextThrough($"trace-{i + 100}", "who");
        await Should.ThrowAsync<ArgumentException>(() => cluster.GrainFactory.GetGrain<IProbeGrain>("trace-fails").Fail("over there"));
        request.Stop();
        await cluster.GrainFactory.GetGrain<IProbeGrain>("trace-none").WhoAmI();

        string Target(Activity span) => (string)span.GetTagItem("rpc.orleans.target_id")!;
        // A span ends when its call does, a moment after the caller has the answer.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (spans.Count(s => s.TraceId == request.TraceId) < 41) await Task.Delay(10, limit.Token);
        Activity[] mine = [.. spans.Where(s => s.TraceId == request.TraceId)];
        for (int i = 0; i < 20; i++)
        {
            Activity first = mine.Single(s => Target(s) == $"probe/trace-{i}"), second = mine.Single(s => Target(s) == $"probe/trace-{i + 100}");
            (first.ParentSpanId, second.ParentSpanId).ShouldBe((request.SpanId, first.SpanId));
        }

        mine.Single(s => Target(s) == "probe/trace-fails").Status.ShouldBe(ActivityStatusCode.Error);
        spans.Where(s => Target(s) == "probe/trace-none").ShouldBeEmpty();
    }

    [Fact]
    public async Task A_silo_that_joins_gets_its_share_without_an_error_and_no_grain_is_in_two_places()
    {
        const int Grains = 2_000;
        // Nobody dies here, however slow the machine is at the moment: after a death two activations may meet for a while.
        await using TestCluster cluster = await Deploy(3, lease: TimeSpan.FromSeconds(30));
        ISoleGrain[] soles = [.. Enumerable.Range(0, Grains).Select(i => cluster.GrainFactory.GetGrain<ISoleGrain>($"sole-{Guid.NewGuid()}"))];
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
        double even = cluster.ActivationCount / 4.0;
        cluster.ActivationCounts.ShouldAllBe(n => Math.Abs(n - even) < even * 0.15, string.Join(", ", cluster.ActivationCounts));

        // And back: a silo that leaves in order costs nobody an error either.
        await cluster.StopSiloAsync(0);
        await Task.WhenAll(soles.Select(s => s.Call()));
        await stop.CancelAsync();
        await Task.WhenAll(load);
        SoleGrain.Overlaps.ShouldBe(0);
    }

    [Fact]
    public async Task The_grains_of_a_silo_that_dies_live_on_elsewhere_and_only_calls_under_way_are_in_doubt()
    {
        await using TestCluster cluster = await Deploy(3);
        IProbeGrain[] probes = [.. Enumerable.Range(0, 90).Select(i => cluster.GrainFactory.GetGrain<IProbeGrain>($"mortal-{i}"))];
        await Task.WhenAll(probes.Select(p => p.Add(1)));
        Task<int>[] underWay = [.. probes.Select((p, i) => p.Hold($"mortal-gate-{i}"))];
        for (int i = 0; i < probes.Length; i++) await Gates.Arrived($"mortal-gate-{i}");
        await cluster.KillSiloAsync(1);

        // Whoever calls now waits for the takeover, and is answered.
        IProbeGrain[] fresh = [.. Enumerable.Range(0, 90).Select(i => cluster.GrainFactory.GetGrain<IProbeGrain>($"fresh-{i}"))];
        await Task.WhenAll(fresh.Select(Insist)).WaitAsync(TimeSpan.FromSeconds(15));
        for (int i = 0; i < probes.Length; i++) Gates.Open($"mortal-gate-{i}");
        int lost = 0;
        foreach (Task<int> call in underWay)
        {
            try
            {
                await call.WaitAsync(TimeSpan.FromSeconds(10));
            }
            catch (SiloUnavailableException e)
            {
                e.Message.ShouldContain("may have happened");
                lost++;
            }
        }

        lost.ShouldBeInRange(10, 60);
    }

    [Fact]
    public async Task The_reminders_of_a_silo_that_dies_tick_on_another_within_seconds()
    {
        const int Alarms = 12;
        var table = new MemoryReminderTable();
        await using TestCluster cluster = new TestClusterBuilder(3).ConfigureSilo(silo =>
        {
            silo.UseInMemoryReminderService();
            silo.Services.Replace(ServiceDescriptor.Singleton<IReminderTable>(table));
        }).Build();
        await cluster.DeployAsync();
        IAlarmGrain[] alarms = [.. Enumerable.Range(0, Alarms).Select(i => cluster.GrainFactory.GetGrain<IAlarmGrain>($"alarm-{i}"))];
        await Task.WhenAll(alarms.Select(a => a.Set(TimeSpan.Zero, TimeSpan.FromMinutes(1))));
        await EventuallyAsync(async () => (await Task.WhenAll(alarms.Select(a => a.Rings()))).All(n => n == 1));

        // Their grains come back elsewhere, where nothing has rung yet.
        await cluster.KillSiloAsync(0);
        await EventuallyAsync(async () => (await Task.WhenAll(alarms.Select(a => a.Rings()))).All(n => n >= 1));
    }

    [Fact]
    public async Task A_call_that_no_silo_took_is_told_that_it_did_not_happen()
    {
        await using TestCluster cluster = new TestClusterBuilder(2)
            .ConfigureClient(client => client.Services.Configure<SiloMessagingOptions>(o => o.ResponseTimeout = TimeSpan.FromSeconds(1))).Build();
        await cluster.DeployAsync();
        IProbeGrain probe = cluster.GrainFactory.GetGrain<IProbeGrain>("nowhere");
        await probe.Add(1);
        await cluster.StopSiloAsync(1);
        await cluster.StopSiloAsync(0);
        (await Should.ThrowAsync<OrleansMessageRejectionException>(() => probe.Add(1))).Message.ShouldContain("did not happen");
    }

    [Fact]
    public async Task A_call_that_was_sent_and_not_answered_in_time_may_have_happened()
    {
        await using TestCluster cluster = new TestClusterBuilder(2)
            .ConfigureClient(client => client.Services.Configure<SiloMessagingOptions>(o => o.ResponseTimeout = TimeSpan.FromSeconds(1))).Build();
        await cluster.DeployAsync();
        await Should.ThrowAsync<TimeoutException>(() => cluster.GrainFactory.GetGrain<IProbeGrain>("slow").Hold("never opened in time"));
        Gates.Open("never opened in time");
    }

    [Fact]
    public async Task An_outsider_who_reaches_the_port_gets_nothing()
    {
        await using TestCluster cluster = await Deploy(2);
        var silo = cluster.ServiceProvider.GetRequiredService<Silo>();
        int port = silo.Cluster!.Membership.Self!.Port;
        byte[][] tries =
        [
            "GET / HTTP/1.1\r\nHost: shop\r\n\r\n          padding to the length of a hello"u8.ToArray(),
            [.. "SHOPMSG"u8, 1, .. new byte[32], .. new byte[32]],
            [.. "SHOPMSG"u8, 9, .. new byte[32], .. new byte[32]],
        ];
        foreach (byte[] attempt in tries)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, port);
            await socket.SendAsync(attempt);
            byte[] answer = new byte[1024];
            int heard = 0, read;
            try
            {
                while ((read = await socket.ReceiveAsync(answer.AsMemory(heard)).AsTask().WaitAsync(TimeSpan.FromSeconds(10))) > 0) heard += read;
            }
            catch (SocketException)
            {
                // Closed with what was sent still unread.
            }

            heard.ShouldBeLessThanOrEqualTo(40);
        }

        (await cluster.GrainFactory.GetGrain<IProbeGrain>("still here").Add(1)).ShouldBe(1);
    }

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        while (true)
        {
            try
            {
                if (await condition()) return;
            }
            catch (SiloUnavailableException)
            {
                // In doubt; looked at again.
            }

            await Task.Delay(50, limit.Token);
        }
    }

    // A call that was sent just when the silo died is in doubt; its caller asks again.
    private static async Task Insist(IProbeGrain probe)
    {
        while (true)
        {
            try
            {
                await probe.Add(1);
                return;
            }
            catch (SiloUnavailableException)
            {
                await Task.Delay(10);
            }
        }
    }

    private static async Task<TestCluster> Deploy(short silos, TimeSpan? lease = null)
    {
        var builder = new TestClusterBuilder(silos);
        if (lease is { } duration) builder.ConfigureSilo(silo => silo.Configure<ClusterMembershipOptions>(o => o.LeaseDuration = duration));
        TestCluster cluster = builder.Build();
        await cluster.DeployAsync();
        return cluster;
    }
}

public interface ISoleGrain : IGrainWithStringKey
{
    /// <summary>How many activations of this grain there are.</summary>
    Task<int> Call();
}

/// <summary>Notices when it is in two places at once.</summary>
[Reentrant]
public sealed class SoleGrain : Grain, ISoleGrain
{
    private static readonly ConcurrentDictionary<string, int> Alive = new();
    private static int _overlaps;

    public static int Overlaps => _overlaps;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (Alive.AddOrUpdate(this.GetPrimaryKeyString(), 1, (_, n) => n + 1) > 1) Interlocked.Increment(ref _overlaps);
        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await Task.Delay(5, cancellationToken);
        Alive.AddOrUpdate(this.GetPrimaryKeyString(), 0, (_, n) => n - 1);
    }

    public async Task<int> Call()
    {
        await Task.Yield();
        return Alive[this.GetPrimaryKeyString()];
    }
}
