using System.Collections.Concurrent;
using Orleans.Runtime;

namespace Orleans.Streams;

/// <summary>The place of an item in a stream in memory.</summary>
public sealed class MemoryStreamToken(long sequenceNumber) : StreamSequenceToken
{
    /// <inheritdoc/>
    public override long SequenceNumber { get; protected set; } = sequenceNumber;

    /// <inheritdoc/>
    public override int EventIndex { get; protected set; }

    /// <inheritdoc/>
    public override bool Equals(StreamSequenceToken? other) => other is MemoryStreamToken && other.SequenceNumber == SequenceNumber;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as StreamSequenceToken);

    /// <inheritdoc/>
    public override int GetHashCode() => SequenceNumber.GetHashCode();

    /// <inheritdoc/>
    public override int CompareTo(StreamSequenceToken? other) => SequenceNumber.CompareTo(other?.SequenceNumber ?? -1);
}

/// <summary>Streams in the memory of this process, for tests. Of each the newest items are kept.</summary>
internal sealed class MemoryStreamSource : IStreamSource, IStreamSink
{
    private const int ItemsMax = 100_000;
    private readonly ConcurrentDictionary<StreamId, Log> _logs = new();

    public IReadOnlyCollection<StreamId> Streams => [.. _logs.Keys];

    public Task<IReadOnlyList<StreamItem>> ReadAsync(StreamId stream, StreamSequenceToken? after, int limit, CancellationToken cancellation) =>
        Task.FromResult(_logs.GetOrAdd(stream, _ => new Log()).Read(after?.SequenceNumber ?? -1, limit));

    public Task WaitAsync(StreamId stream, StreamSequenceToken? after, CancellationToken cancellation) =>
        _logs.GetOrAdd(stream, _ => new Log()).ChangeAfter(after?.SequenceNumber ?? -1).WaitAsync(cancellation);

    public Task AppendAsync(StreamId stream, IEnumerable<object> items)
    {
        _logs.GetOrAdd(stream, _ => new Log()).Append(items);
        return Task.CompletedTask;
    }

    private sealed class Log
    {
        private readonly Lock _lock = new();
        private readonly Queue<StreamItem> _items = [];
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _next;

        public Task ChangeAfter(long place)
        {
            lock (_lock) return place + 1 < _next ? Task.CompletedTask : _changed.Task;
        }

        public IReadOnlyList<StreamItem> Read(long after, int limit)
        {
            lock (_lock) return [.. _items.Where(i => i.Token.SequenceNumber > after).Take(limit)];
        }

        public void Append(IEnumerable<object> items)
        {
            lock (_lock)
            {
                foreach (object item in items) _items.Enqueue(new StreamItem(item, new MemoryStreamToken(_next++)));
                while (_items.Count > ItemsMax) _items.Dequeue();
                _changed.TrySetResult();
                _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
