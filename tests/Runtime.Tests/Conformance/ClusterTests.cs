using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Concurrency;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.TestingHost;

namespace Shop.Runtime.Tests;

/// <summary>Silos that speak to each other over connections.</summary>
public sealed class ClusterTests
{
    [Fact]
    public async Task Calls_reach_their_grain_on_whichever_silo_it_lives()
    {
        await using InProcessTestCluster cluster = await Deploy(3);
        for (int i = 0; i < 60; i++)
        {
            IProbeGrain probe = cluster.Client.GetGrain<IProbeGrain>($"far-{i}");
            (await probe.WhoAmI()).ShouldBe($"probe/far-{i}");
            (await probe.Echo([1, i])).ShouldBe([1, i, 99]);
            await probe.CallProbe($"far-{59 - i}");
            (await Should.ThrowAsync<ArgumentException>(() => probe.Fail("over there"))).Message.ShouldBe("over there");
        }

        cluster.ActivationCounts().ShouldAllBe(n => n > 5);
    }

    [Fact]
    public async Task Request_context_flows_from_silo_to_silo()
    {
        await using InProcessTestCluster cluster = await Deploy(3);
        RequestContext.Set("who", "ada");
        try
        {
            for (int i = 0; i < 20; i++)
                (await cluster.Client.GetGrain<IProbeGrain>($"context-{i}").ContextThrough($"context-{i + 100}", "who")).ShouldBe("ada");
        }
        finally
        {
            RequestContext.Clear();
        }
    }

    [Fact]
    public async Task A_trace_leads_from_call_to_call_and_from_silo_to_silo()
    {
        await using InProcessTestCluster cluster = new InProcessTestClusterBuilder(3).SpreadsGrains().TracesCalls().Build();
        await cluster.DeployAsync();
        var spans = new ConcurrentBag<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.Orleans.Application",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        using Activity request = new Activity("request") { ActivityTraceFlags = ActivityTraceFlags.Recorded }.Start();
        for (int i = 0; i < 20; i++) await cluster.Client.GetGrain<IProbeGrain>($"trace-{i}").ContextThrough($"trace-{i + 100}", "who");
        await Should.ThrowAsync<ArgumentException>(() => cluster.Client.GetGrain<IProbeGrain>("trace-fails").Fail("over there"));
        request.Stop();

        string? Target(Activity span) => (string?)span.GetTagItem("orleans.rpc.target_id");
        // A span ends when its call does, a moment after the caller has the answer.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (spans.Where(s => s.TraceId == request.TraceId && s.Kind == ActivityKind.Server).Select(Target).Distinct().Count(t => t?.StartsWith("probe/trace-", StringComparison.Ordinal) == true) < 41) await Task.Delay(10, limit.Token);
        Dictionary<ActivitySpanId, Activity> all = spans.Where(s => s.TraceId == request.TraceId).ToDictionary(s => s.SpanId);
        Activity[] mine = [.. all.Values.Where(s => s.Kind == ActivityKind.Server)];
        bool LeadsTo(ActivitySpanId from, Activity span)
        {
            for (ActivitySpanId at = span.ParentSpanId; ; at = all[at].ParentSpanId)
            {
                if (at == from) return true;
                if (!all.ContainsKey(at)) return false;
            }
        }

        for (int i = 0; i < 20; i++)
        {
            Activity first = mine.Single(s => Target(s) == $"probe/trace-{i}"), second = mine.Single(s => Target(s) == $"probe/trace-{i + 100}");
            (LeadsTo(request.SpanId, first), LeadsTo(first.SpanId, second)).ShouldBe((true, true));
        }

        mine.Single(s => Target(s) == "probe/trace-fails").Status.ShouldBe(ActivityStatusCode.Error);
    }

    [Fact]
    public async Task Silos_come_and_go_and_every_call_finds_its_grain_in_one_place()
    {
        const int Grains = 500;
        await using InProcessTestCluster cluster = await Deploy(3, lease: TimeSpan.FromSeconds(30));
        ISoleGrain[] soles = [.. Enumerable.Range(0, Grains).Select(i => cluster.Client.GetGrain<ISoleGrain>($"mover-{Guid.NewGuid()}"))];
        await Task.WhenAll(soles.Select(s => Insist(s.Call)));
        await cluster.StartAdditionalSiloAsync();
        await Task.WhenAll(soles.Select(s => Insist(s.Call)));
        await cluster.StopSiloAsync(cluster.Silos[^1]);
        int[] places = await Task.WhenAll(soles.Select(s => Insist(s.Call)));
        places.ShouldAllBe(n => n == 1);
    }

    [Fact]
    public async Task The_grains_of_a_silo_that_dies_live_on_elsewhere_and_only_calls_under_way_are_in_doubt()
    {
        await using InProcessTestCluster cluster = new InProcessTestClusterBuilder(3)
            .SpreadsGrains()
            .ConfigureSilo((_, silo) => silo.HasLease(TimeSpan.FromSeconds(2)))
            .ConfigureClient(client => client.Services.Configure<ClientMessagingOptions>(o => o.ResponseTimeout = TimeSpan.FromSeconds(10)))
            .Build();
        await cluster.DeployAsync();
        IProbeGrain[] probes = [.. Enumerable.Range(0, 90).Select(i => cluster.Client.GetGrain<IProbeGrain>($"mortal-{i}"))];
        await Task.WhenAll(probes.Select(p => p.Add(1)));
        Task<int>[] underWay = [.. probes.Select((p, i) => p.Hold($"mortal-gate-{i}"))];
        for (int i = 0; i < probes.Length; i++) await Gates.Arrived($"mortal-gate-{i}");
        await cluster.KillSiloAsync(cluster.Silos[1]);

        // Whoever calls now waits for the takeover, and is answered.
        IProbeGrain[] fresh = [.. Enumerable.Range(0, 90).Select(i => cluster.Client.GetGrain<IProbeGrain>($"fresh-{i}"))];
        await Task.WhenAll(fresh.Select(f => Insist(() => f.Add(1)))).WaitAsync(TimeSpan.FromSeconds(60));
        for (int i = 0; i < probes.Length; i++) Gates.Open($"mortal-gate-{i}");
        int lost = 0;
        foreach (Task<int> call in underWay)
        {
            try
            {
                await call.WaitAsync(TimeSpan.FromSeconds(30));
            }
            catch (Exception e) when (e is SiloUnavailableException or TimeoutException)
            {
                lost++;
            }
        }

        lost.ShouldBeInRange(10, 60);
    }

    [Fact]
    public async Task A_call_that_no_silo_takes_fails()
    {
        await using InProcessTestCluster cluster = new InProcessTestClusterBuilder(2)
            .ConfigureClient(client => client.Services.Configure<ClientMessagingOptions>(o => o.ResponseTimeout = TimeSpan.FromSeconds(1))).Build();
        await cluster.DeployAsync();
        IProbeGrain probe = cluster.Client.GetGrain<IProbeGrain>("nowhere");
        await probe.Add(1);
        await cluster.StopSiloAsync(cluster.Silos[1]);
        await cluster.StopSiloAsync(cluster.Silos[0]);
        await Should.ThrowAsync<OrleansException>(() => probe.Add(1));
    }

    [Fact]
    public async Task A_call_that_was_sent_and_not_answered_in_time_may_have_happened()
    {
        await using InProcessTestCluster cluster = new InProcessTestClusterBuilder(2)
            .ConfigureClient(client => client.Services.Configure<ClientMessagingOptions>(o => o.ResponseTimeout = TimeSpan.FromSeconds(1))).Build();
        await cluster.DeployAsync();
        await Should.ThrowAsync<TimeoutException>(() => cluster.Client.GetGrain<IProbeGrain>("slow").Hold("never opened in time"));
        Gates.Open("never opened in time");
    }

    // A call that was sent just when the silo died is in doubt; its caller asks again.
    private static async Task<T> Insist<T>(Func<Task<T>> call)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                return await call();
            }
            catch (OrleansException)
            {
                await Task.Delay(10, limit.Token);
            }
        }
    }

    private static async Task<InProcessTestCluster> Deploy(short silos, TimeSpan? lease = null)
    {
        InProcessTestCluster cluster = new InProcessTestClusterBuilder(silos).SpreadsGrains().ConfigureSilo((_, silo) => silo.HasLease(lease ?? TimeSpan.FromSeconds(2))).Build();
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
