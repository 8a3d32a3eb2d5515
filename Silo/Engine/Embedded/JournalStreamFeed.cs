using System.Globalization;
using Orleans.Runtime;
using Orleans.Streams;
using Shop.Journaling;
using Shop.Streams;

namespace Shop.Engine;

/// <summary>The journal as a source of streams, one a partition.</summary>
internal sealed class JournalStreamFeed(JournalStreamSource journal) : IStreamSource
{
    public IReadOnlyCollection<StreamId> Streams { get; } =
        [.. Enumerable.Range(0, IJournalStore.PartitionCount).Select(p => StreamId.Create(JournalStreams.Namespace, p.ToString(CultureInfo.InvariantCulture)))];

    public async Task<IReadOnlyList<StreamItem>> ReadAsync(StreamId stream, StreamSequenceToken? after, int limit, CancellationToken cancellation) =>
        [.. (await journal.ReadAsync(PartitionOf(stream), (JournalToken?)after, limit, cancellation)).Select(e => new StreamItem(e.Item, e.Token))];

    public Task WaitAsync(StreamId stream, StreamSequenceToken? after, CancellationToken cancellation) => journal.WaitAsync(PartitionOf(stream), (JournalToken?)after, cancellation);

    private static int PartitionOf(StreamId stream) => int.Parse(stream.GetKeyAsString(), CultureInfo.InvariantCulture);
}
