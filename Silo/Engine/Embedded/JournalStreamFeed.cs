using System.Collections;
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
        new Items(await journal.ReadAsync(PartitionOf(stream), (JournalToken?)after, limit, cancellation));

    public Task WaitAsync(StreamId stream, StreamSequenceToken? after, CancellationToken cancellation) => journal.WaitAsync(PartitionOf(stream), (JournalToken?)after, cancellation);

    private static int PartitionOf(StreamId stream) => int.Parse(stream.GetKeyAsString(), CultureInfo.InvariantCulture);

    // Each consumer has its own list for as long as its delivery waits and works; what it consists of is the same for all.
    private sealed class Items(IReadOnlyList<JournalEntry> entries) : IReadOnlyList<StreamItem>
    {
        public int Count => entries.Count;

        public StreamItem this[int index] => new(entries[index].Item, new JournalToken(entries[index].Position));

        public IEnumerator<StreamItem> GetEnumerator() => Enumerable.Range(0, Count).Select(i => this[i]).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
