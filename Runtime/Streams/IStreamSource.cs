using Orleans.Runtime;

namespace Orleans.Streams;

/// <summary>An item of a source and its place.</summary>
public readonly record struct StreamItem(object Item, StreamSequenceToken Token);

/// <summary>Where the streams of a provider come from: something that keeps items in order and can be read from any place.</summary>
public interface IStreamSource
{
    /// <summary>The streams that there are now.</summary>
    IReadOnlyCollection<StreamId> Streams { get; }

    /// <summary>The items after a place, in order; an empty list when there is none. Limited in number.</summary>
    Task<IReadOnlyList<StreamItem>> ReadAsync(StreamId stream, StreamSequenceToken? after, int limit, CancellationToken cancellation);

    /// <summary>Completes when there may be something after a place, or after a while. It may take its time, so that more comes in one go.</summary>
    Task WaitAsync(StreamId stream, StreamSequenceToken? after, CancellationToken cancellation);
}

/// <summary>A source that items can be put into.</summary>
public interface IStreamSink
{
    /// <summary>Adds items at the end.</summary>
    Task AppendAsync(StreamId stream, IEnumerable<object> items);
}
