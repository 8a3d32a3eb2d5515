using System.Runtime.CompilerServices;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Streams;
using Orleans.TestingHost;

namespace Shop.Runtime.Tests;

/// <summary>How items get from a source to their consumers.</summary>
public sealed class StreamPumpTests
{
    [Fact]
    public async Task Nothing_that_was_delivered_is_held_while_more_is_waited_for()
    {
        var source = new OneDelivery();
        await using InProcessTestCluster cluster = new InProcessTestClusterBuilder(1)
            .ConfigureSilo((_, silo) => silo.AddMemoryGrainStorage("PubSubStore").AddPersistentStreams("one", _ => source)).Build();
        await cluster.DeployAsync();
        await StreamTests.Eventually(() => source.IsWaitedFor);
        ConsumerGrain.Taken(OneDelivery.Key).ShouldBe([7]);
        await StreamTests.Eventually(() =>
        {
            GC.Collect();
            return !source.Delivered.TryGetTarget(out _);
        });
    }

    private sealed class OneDelivery : IStreamSource
    {
        public const string Key = "held";

        private bool _isOver;

        public WeakReference<object> Delivered { get; } = new(new object());

        public bool IsWaitedFor { get; private set; }

        public IReadOnlyCollection<StreamId> Streams { get; } = [StreamId.Create("numbers", Key)];

        public Task<IReadOnlyList<StreamItem>> ReadAsync(StreamId stream, StreamSequenceToken? after, int limit, CancellationToken cancellation) => Task.FromResult<IReadOnlyList<StreamItem>>(Next());

        public Task WaitAsync(StreamId stream, StreamSequenceToken? after, CancellationToken cancellation)
        {
            IsWaitedFor = true;
            return Task.Delay(Timeout.Infinite, cancellation);
        }

        // A method of its own, so that no frame of the stack has it.
        [MethodImpl(MethodImplOptions.NoInlining)]
        private List<StreamItem> Next()
        {
            if (_isOver) return [];
            _isOver = true;
            List<StreamItem> items = [new StreamItem(7, new MemoryStreamToken(0))];
            Delivered.SetTarget(items);
            return items;
        }
    }
}
