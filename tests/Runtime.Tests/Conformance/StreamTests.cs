using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Streams;
using Orleans.Streams.Core;
using Orleans.TestingHost;

namespace Shop.Runtime.Tests;

public sealed class StreamTests
{
    private const string Provider = "memory";

    [Fact]
    public async Task Items_come_in_order_and_each_stream_has_a_consumer_of_its_own()
    {
        await using InProcessTestCluster cluster = await Deploy();
        for (int i = 0; i < 1_000; i++) await Stream(cluster, $"order-{i % 3}").OnNextAsync(i);
        for (int s = 0; s < 3; s++)
        {
            int stream = s;
            await Eventually(() => ConsumerGrain.Taken($"order-{stream}").Count >= 333);
            ConsumerGrain.Taken($"order-{stream}").ShouldBe(Enumerable.Range(0, 1_000).Where(i => i % 3 == stream));
        }
    }

    [Fact]
    public async Task What_a_consumer_failed_to_take_comes_again_and_nothing_is_left_out()
    {
        await using InProcessTestCluster cluster = await Deploy();
        ConsumerGrain.Failures["retry"] = 3;
        await Stream(cluster, "retry").OnNextBatchAsync(Enumerable.Range(0, 50));
        await Eventually(() => ConsumerGrain.Taken("retry").Count >= 50);
        ConsumerGrain.Taken("retry").ShouldBe(Enumerable.Range(0, 50));
    }

    [Fact]
    public async Task An_activation_is_told_once_of_its_subscription_whatever_fails()
    {
        await using InProcessTestCluster cluster = await Deploy();
        await Stream(cluster, "once").OnNextAsync(0);
        await Eventually(() => ConsumerGrain.Taken("once").Count >= 1);
        ConsumerGrain.Failures["once"] = 2;
        await Stream(cluster, "once").OnNextAsync(1);
        await Eventually(() => ConsumerGrain.Taken("once").Count >= 2);
        ConsumerGrain.Taken("once").ShouldBe([0, 1]);
        ConsumerGrain.Subscriptions["once"].ShouldBe(1);
    }

    [Fact]
    public async Task Within_an_activation_a_stream_only_goes_forward()
    {
        await using InProcessTestCluster cluster = await Deploy();
        await Stream(cluster, "forward").OnNextAsync(0);
        await Eventually(() => ConsumerGrain.Taken("forward").Count >= 1);
        INumberConsumer consumer = cluster.Client.GetGrain<INumberConsumer>("forward");
        (await consumer.TryResume(withToken: true)).ShouldBeFalse();
        (await consumer.TryResume(withToken: false)).ShouldBeTrue();
        await Stream(cluster, "forward").OnNextAsync(1);
        await Eventually(() => ConsumerGrain.Taken("forward").Count >= 2);
        ConsumerGrain.Taken("forward").ShouldBe([0, 1]);
    }

    [Fact]
    public async Task A_new_activation_goes_on_where_it_says()
    {
        await using InProcessTestCluster cluster = await Deploy();
        await Stream(cluster, "rewind").OnNextBatchAsync(Enumerable.Range(0, 20));
        await Eventually(() => ConsumerGrain.Taken("rewind").Count >= 20);
        await cluster.DeactivateAllAsync();
        await Stream(cluster, "rewind").OnNextBatchAsync(Enumerable.Range(20, 20));
        await Eventually(() => ConsumerGrain.Taken("rewind").Count >= 40);
        ConsumerGrain.Taken("rewind").ShouldBe(Enumerable.Range(0, 40));
    }

    internal static IAsyncStream<int> Stream(InProcessTestCluster cluster, string key) =>
        cluster.GetSiloServiceProvider().GetRequiredKeyedService<IStreamProvider>(Provider).GetStream<int>(StreamId.Create("numbers", key));

    internal static async Task<InProcessTestCluster> Deploy()
    {
        InProcessTestCluster cluster = new InProcessTestClusterBuilder(1).ConfigureSilo((_, silo) => silo.AddMemoryGrainStorage("PubSubStore").AddMemoryStreams(Provider)).Build();
        await cluster.DeployAsync();
        return cluster;
    }

    internal static async Task Eventually(Func<bool> condition)
    {
        for (int i = 0; i < 1_000 && !condition(); i++) await Task.Delay(10);
        condition().ShouldBeTrue();
    }
}

/// <summary>What tests ask of a consumer.</summary>
public interface INumberConsumer : IGrainWithStringKey
{
    /// <summary>Resumes the subscription, at the place of the last item or where it is; whether that was allowed.</summary>
    Task<bool> TryResume(bool withToken);
}

/// <summary>Remembers what it took, as a consumer that commits with its effect would.</summary>
[ImplicitStreamSubscription("numbers"), GrainType("number-consumer")]
public sealed class ConsumerGrain : Grain, INumberConsumer, IStreamSubscriptionObserver, IAsyncBatchObserver<int>
{
    private StreamSubscriptionHandle<int> _subscription = null!;

    private static readonly ConcurrentDictionary<string, List<int>> Items = new();
    private static readonly ConcurrentDictionary<string, StreamSequenceToken> Places = new();

    public static ConcurrentDictionary<string, int> Failures { get; } = new();

    public static ConcurrentDictionary<string, int> Errors { get; } = new();

    public static ConcurrentDictionary<string, int> Subscriptions { get; } = new();

    public static ConcurrentDictionary<string, int> LargestBatch { get; } = new();

    private string Key => this.GetPrimaryKeyString();

    public static IReadOnlyList<int> Taken(string key)
    {
        List<int> items = Items.GetOrAdd(key, _ => []);
        lock (items) return [.. items];
    }

    public async Task OnSubscribed(IStreamSubscriptionHandleFactory handleFactory)
    {
        Subscriptions.AddOrUpdate(Key, 1, (_, known) => known + 1);
        _subscription = await handleFactory.Create<int>().ResumeAsync(this, Places.GetValueOrDefault(Key));
    }

    public async Task<bool> TryResume(bool withToken)
    {
        try
        {
            _subscription = await _subscription.ResumeAsync(this, withToken ? Places[Key] : null);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    public Task OnNextAsync(IList<SequentialItem<int>> items)
    {
        if (Failures.TryGetValue(Key, out int left) && left > 0)
        {
            Failures[Key] = left - 1;
            throw new InvalidOperationException("The consumer fails on purpose.");
        }

        List<int> taken = Items.GetOrAdd(Key, _ => []);
        lock (taken) taken.AddRange(items.Select(i => i.Item));
        Places[Key] = items[^1].Token;
        LargestBatch.AddOrUpdate(Key, items.Count, (_, known) => Math.Max(known, items.Count));
        return Task.CompletedTask;
    }

    public Task OnErrorAsync(Exception ex)
    {
        Errors.AddOrUpdate(Key, 1, (_, known) => known + 1);
        return Task.CompletedTask;
    }
}
