using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Streams;
using Shop.Journaling;
using Shop.Streams;

namespace Shop.Engine;

/// <summary>The journal as a provider of Orleans' persistent streams: a queue a partition, and in each queue one stream.</summary>
internal sealed class JournalQueueAdapter(string name, JournalStreamSource journal, ILogger<JournalQueueAdapter> log) : IQueueAdapterFactory, IQueueAdapter, IQueueAdapterCache, IConsistentRingStreamQueueMapper
{
    private readonly QueueId[] _queues = [.. Enumerable.Range(0, IJournalStore.PartitionCount).Select(p => QueueId.GetQueueId(name, (uint)p, (uint)(uint.MaxValue / IJournalStore.PartitionCount * (p + 0.5))))];
    private readonly JournalQueue?[] _parts = new JournalQueue?[IJournalStore.PartitionCount];

    public string Name => name;

    public bool IsRewindable => true;

    public StreamProviderDirection Direction => StreamProviderDirection.ReadOnly;

    public Task<IQueueAdapter> CreateAdapter(CancellationToken cancellationToken) => Task.FromResult<IQueueAdapter>(this);

    Task<IQueueAdapter> IQueueAdapterFactory.CreateAdapter() => CreateAdapter(CancellationToken.None);

    public IQueueAdapterCache GetQueueAdapterCache() => this;

    public IStreamQueueMapper GetStreamQueueMapper() => this;

    public Task<IStreamFailureHandler> GetDeliveryFailureHandler(QueueId queueId) => Task.FromResult<IStreamFailureHandler>(new NoOpStreamDeliveryFailureHandler());

    public Task QueueMessageBatchAsync<T>(StreamId streamId, IEnumerable<T> events, StreamSequenceToken? token, Dictionary<string, object>? requestContext) =>
        throw new NotSupportedException($"Streams of '{name}' are not written to; they show what is in the journal.");

    // The receiver and the cache of a queue are one. A new receiver is made whenever a silo takes the queue; the cache comes first.
    public IQueueCache CreateQueueCache(QueueId queueId) => _parts[queueId.GetNumericId()] = new JournalQueue((int)queueId.GetNumericId(), journal, log);

    public IQueueAdapterReceiver CreateReceiver(QueueId queueId) => _parts[queueId.GetNumericId()] ?? new JournalQueue((int)queueId.GetNumericId(), journal, log);

    public IEnumerable<QueueId> GetAllQueues() => _queues;

    public QueueId GetQueueForStream(StreamId streamId) => _queues[JournalQueue.PartitionOf(streamId)];

    public IEnumerable<QueueId> GetQueuesForRange(IRingRange range) => _queues.Where(q => range.InRange(q.GetUniformHashCode()));
}
