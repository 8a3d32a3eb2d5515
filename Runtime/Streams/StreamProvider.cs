using Orleans.Runtime;

namespace Orleans.Streams;

/// <summary>Hands out the streams of a source.</summary>
internal sealed class StreamProvider(string name, IStreamSource source) : IStreamProvider
{
    public string Name => name;

    public bool IsRewindable => true;

    public IAsyncStream<T> GetStream<T>(StreamId streamId) => new StreamReference<T>(streamId, this);

    private Task AppendAsync(StreamId stream, IEnumerable<object> items) => source is IStreamSink sink
        ? sink.AppendAsync(stream, items)
        : throw new NotSupportedException($"Streams of '{name}' are not written to; they show what is in their source.");

    private sealed record StreamReference<T>(StreamId StreamId, StreamProvider Provider) : IAsyncStream<T>
    {
        public string ProviderName => Provider.Name;

        public bool IsRewindable => Provider.IsRewindable;

        public Task OnNextAsync(T item, StreamSequenceToken? token = null) => Provider.AppendAsync(StreamId, [item!]);

        public Task OnNextBatchAsync(IEnumerable<T> batch, StreamSequenceToken? token = null) => Provider.AppendAsync(StreamId, batch.Cast<object>());
    }
}
