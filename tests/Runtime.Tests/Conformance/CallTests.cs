using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.TestingHost;

namespace Shop.Runtime.Tests;

public sealed class CallTests : IAsyncLifetime
{
    // How long a busy machine needs for an answer is not what most of these are about; a call that is lost waits longer than the test.
    private readonly InProcessTestCluster _cluster = Build(responseTimeout: TimeSpan.FromMinutes(1));

    public Task InitializeAsync() => _cluster.DeployAsync();

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task A_grain_is_there_when_it_is_called_and_knows_its_key()
    {
        (await Probe("a").WhoAmI()).ShouldBe("probe/a");
        (await Probe("b").WhoAmI()).ShouldBe("probe/b");
    }

    [Fact]
    public async Task Concurrent_calls_run_one_at_a_time()
    {
        IProbeGrain probe = Probe("sum");
        await Task.WhenAll(Enumerable.Range(0, 90).Select(_ => Task.Run(() => probe.Add(1))));
        (await probe.Add(0)).ShouldBe(90);
    }

    [Fact]
    public async Task A_second_call_waits_while_the_first_awaits()
    {
        IProbeGrain probe = Probe("wait");
        Task<int> first = probe.Hold("w1");
        await Gates.Arrived("w1");
        Task<int> second = probe.Hold("w2");
        (await probe.Peek()).ShouldBe(0);
        Gates.Arrived("w2").IsCompleted.ShouldBeFalse();
        Gates.Open("w1");
        (await first).ShouldBe(1);
        Gates.Open("w2");
        (await second).ShouldBe(2);
        (await probe.MostAtOnce()).ShouldBe(1);
    }

    [Fact]
    public async Task Read_only_calls_interleave_with_each_other_but_not_with_others()
    {
        IProbeGrain probe = Probe("readers");
        Task<int> first = probe.ReadSlowly("r1");
        Task<int> second = probe.ReadSlowly("r2");
        await Gates.Arrived("r1");
        await Gates.Arrived("r2");
        Task<int> writer = probe.Add(5);
        (await probe.Peek()).ShouldBe(0);
        Gates.Open("r1");
        Gates.Open("r2");
        (await first + await second).ShouldBe(0);
        (await writer).ShouldBe(5);
    }

    [Fact]
    public async Task Calls_of_a_reentrant_grain_interleave_but_never_run_in_parallel()
    {
        IReentrantProbeGrain probe = _cluster.Client.GetGrain<IReentrantProbeGrain>("r");
        Task<int> first = probe.Enter("e1");
        Task<int> second = probe.Enter("e2");
        await Gates.Arrived("e1");
        await Gates.Arrived("e2");
        (await probe.MostAtOnce()).ShouldBe(2);
        Gates.Open("e1");
        Gates.Open("e2");
        await Task.WhenAll(first, second);

        int[] overlaps = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => probe.RaceFree(200)));
        overlaps.Sum().ShouldBe(0);
        (await probe.Total()).ShouldBe(50 * 200);
    }

    [Fact]
    public async Task An_exception_reaches_the_caller_with_its_type_and_message()
    {
        ArgumentException error = await Should.ThrowAsync<ArgumentException>(() => Probe("x").Fail("no such thing"));
        error.Message.ShouldBe("no such thing");
        (await Probe("x").Add(1)).ShouldBe(1);
    }

    [Fact]
    public async Task Caller_and_grain_share_no_mutable_state()
    {
        List<int> mine = [1];
        List<int> answer = await Probe("copy").Echo(mine);
        mine.ShouldBe([1]);
        answer.ShouldBe([1, 99]);
        (await Probe("copy").Held()).Add(4);
        (await Probe("copy").Held()).ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task A_one_way_call_happens_although_nobody_waits()
    {
        IProbeGrain probe = Probe("told");
        await probe.Tell(3);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (await probe.Add(0) == 0) await Task.Delay(5, limit.Token);
        (await probe.Add(0)).ShouldBe(3);
    }

    [Fact]
    public async Task The_request_context_travels_with_calls_and_never_back()
    {
        RequestContext.Set("tenant", "blue");
        (await Probe("c1").Context("tenant")).ShouldBe("blue");
        (await Probe("c1").ContextThrough("c2", "tenant")).ShouldBe("blue");
        RequestContext.Clear();
        (await Probe("c1").Context("tenant")).ShouldBeNull();
    }

    [Fact]
    public async Task The_trace_context_travels_with_calls()
    {
        using var activity = new System.Diagnostics.Activity("test").Start();
        (await Probe("trace").Context("none")).ShouldBeNull();
        System.Diagnostics.Activity.Current.ShouldBe(activity);
    }

    [Fact]
    public async Task Cancellation_reaches_the_grain()
    {
        using var source = new CancellationTokenSource();
        Task waiting = Probe("cancel").WaitFor("waits", "is cancelled", source.Token);
        await Gates.Arrived("waits");
        await source.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => waiting);
        // The caller does not wait until the grain has taken note of it.
        await Gates.Arrived("is cancelled").WaitAsync(TimeSpan.FromSeconds(10));
        Gates.Open("is cancelled");
    }

    [Fact]
    public async Task A_call_cycle_times_out()
    {
        await using InProcessTestCluster impatient = await StartImpatientAsync();
        await Should.ThrowAsync<TimeoutException>(() => impatient.Client.GetGrain<IProbeGrain>("one").CallBack("two"));
    }

    [Fact]
    public async Task A_call_that_takes_too_long_times_out()
    {
        await using InProcessTestCluster impatient = await StartImpatientAsync();
        IProbeGrain probe = impatient.Client.GetGrain<IProbeGrain>("slow");
        await Should.ThrowAsync<TimeoutException>(() => probe.Hold("slow1"));
        Gates.Open("slow1");
        (await probe.Add(0)).ShouldBe(1);
    }

    [Fact]
    public async Task A_full_mailbox_pushes_back()
    {
        IProbeGrain probe = Probe("busy");
        Task<int> blocker = probe.Hold("busy1");
        await Gates.Arrived("busy1");
        Task<int>[] calls = [.. Enumerable.Range(0, 150).Select(_ => probe.Add(1))];
        // Who is over the limit is refused at once, while the others wait.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (calls.Count(c => c.IsFaulted) < 50 - ClusterExtensions.CallsOverLimitMax) await Task.Delay(5, limit.Token);
        Gates.Open("busy1");
        await blocker;
        int refused = 0;
        foreach (Task<int> call in calls)
        {
            try
            {
                await call;
            }
            catch (LimitExceededException)
            {
                refused++;
            }
        }

        refused.ShouldBeInRange(50 - ClusterExtensions.CallsOverLimitMax, 51);
        (await probe.Add(0)).ShouldBe(151 - refused);
    }

    [Fact]
    public async Task A_grain_that_fails_to_activate_fails_its_callers_and_nobody_else()
    {
        (await Should.ThrowAsync<InvalidOperationException>(() => Probe("refuses").WhoAmI())).Message.ShouldBe("I refuse to live.");
        (await Probe("lives").WhoAmI()).ShouldBe("probe/lives");
    }

    [Fact]
    public async Task After_deactivation_the_next_call_meets_a_new_activation_and_none_is_lost()
    {
        IProbeGrain probe = Probe("phoenix");
        await probe.Add(7);
        await probe.Die();
        (await probe.Add(0)).ShouldBe(0);
        (await probe.Activations()).ShouldBe(2);
    }

    [Fact]
    public async Task Calls_during_endless_deactivations_all_get_an_answer()
    {
        Task[] calls = [.. Enumerable.Range(0, 2000).Select(i => Task.Run(async () =>
        {
            IProbeGrain own = Probe("churn" + (i % 7));
            // By time and not by number: a thousand tries can be over before the grain has had its turn.
            for (var limit = Stopwatch.StartNew(); limit.Elapsed < TimeSpan.FromSeconds(20);)
            {
                try
                {
                    await (i % 3 == 0 ? own.Die() : own.Add(1));
                    return;
                }
                catch (Exception e) when (e is LimitExceededException or OrleansMessageRejectionException)
                {
                    await Task.Yield();
                }
            }

            throw new TimeoutException("Always busy.");
        }))];
        await Task.WhenAll(calls).WaitAsync(TimeSpan.FromSeconds(30));
        (await Probe("churn0").WhoAmI()).ShouldBe("probe/churn0");
    }

    [Fact]
    public async Task A_grain_that_falls_asleep_at_the_very_moment_of_a_call_wakes_up()
    {
        // One caller at a time makes the grain go to sleep after each call: a million chances to miss the next one.
        IProbeGrain probe = Probe("sleepy");
        await Task.Run(async () =>
        {
            for (int i = 0; i < 1_000_000; i++) await probe.Peek();
        }).WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_stateless_worker_has_as_many_activations_as_its_limit()
    {
        IWorkerGrain worker = _cluster.Client.GetGrain<IWorkerGrain>("0");
        Task<string>[] work = [.. Enumerable.Range(0, 4).Select(i => worker.Work("work"))];
        await Gates.Arrived("work");
        await Task.Delay(200);
        Gates.Open("work");
        (await Task.WhenAll(work)).Distinct().Count().ShouldBe(2);
    }

    private static async Task<InProcessTestCluster> StartImpatientAsync()
    {
        InProcessTestCluster cluster = Build(responseTimeout: TimeSpan.FromSeconds(1));
        await cluster.DeployAsync();
        return cluster;
    }

    private static InProcessTestCluster Build(TimeSpan responseTimeout) => new InProcessTestClusterBuilder(1)
        .ConfigureSilo((_, silo) => silo.Configure<SiloMessagingOptions>(o =>
        {
            o.ResponseTimeout = responseTimeout;
            o.MaxEnqueuedRequestsHardLimit = 100;
        }))
        .ConfigureClient(client => client.Services.Configure<ClientMessagingOptions>(o => o.ResponseTimeout = responseTimeout))
        .Build();

    private IProbeGrain Probe(string key) => _cluster.Client.GetGrain<IProbeGrain>(key);
}
