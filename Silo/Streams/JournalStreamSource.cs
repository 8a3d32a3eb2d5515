using System.Globalization;
using Orleans.Runtime;
using Orleans.Streams;
using Shop.Events;
using Shop.Feed;
using Shop.Journaling;

namespace Shop.Streams;

/// <summary>
/// The journal as streams, one a partition. What was read last of a partition is kept for a while, so that many consumers cost
/// little more than one, whoever of them is ahead.
/// </summary>
public sealed class JournalStreamSource(IJournalStore store, JournalNews news) : IStreamSource, IEventReader, IDisposable
{
    private const int ReadsAtOnceMax = 4, EventsMax = 10_000, BusyCommits = 20;

    // Commits of other processes are not announced; they are looked for.
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    // The store commits hundreds of times a second; what has gathered for a moment is read in one go, and for longer when there is much.
    private static readonly TimeSpan GatherFor = TimeSpan.FromMilliseconds(20), GatherForWhenBusy = TimeSpan.FromMilliseconds(150);

    private readonly SemaphoreSlim _reading = new(ReadsAtOnceMax);
    private readonly Tail[] _tails = [.. Enumerable.Range(0, IJournalStore.PartitionCount).Select(_ => new Tail())];

    /// <inheritdoc/>
    public IReadOnlyCollection<StreamId> Streams { get; } =
        [.. Enumerable.Range(0, IJournalStore.PartitionCount).Select(p => StreamId.Create(JournalStreams.Namespace, p.ToString(CultureInfo.InvariantCulture)))];

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StreamItem>> ReadAsync(StreamId stream, StreamSequenceToken? after, int limit, CancellationToken cancellation) =>
        [.. (await ReadAsync(PartitionOf(stream), (after as JournalToken)?.Position ?? JournalPosition.Start, limit).WaitAsync(cancellation))
            .Select(i => new StreamItem(i.Item, new JournalToken(i.Position)))];

    /// <inheritdoc/>
    public async Task WaitAsync(StreamId stream, CancellationToken cancellation)
    {
        Tail tail = _tails[PartitionOf(stream)];
        // Not cancelled by the other: a delay that is left behind ends by itself soon.
        await Task.WhenAny(tail.News, Task.Delay(LookEvery, CancellationToken.None)).WaitAsync(cancellation);
        await Task.Delay(tail.IsBusy ? GatherForWhenBusy : GatherFor, cancellation);
    }

    /// <inheritdoc/>
    public async Task WaitAsync()
    {
        await Task.WhenAny([Task.Delay(LookEvery), .. _tails.Select(t => t.News)]);
        await Task.Delay(GatherFor);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<(JournalItem Item, JournalPosition Position)>> ReadAsync(int partition, JournalPosition after, int limit)
    {
        Tail tail = _tails[partition];
        lock (tail)
        {
            if (tail.Find(after, limit) is { } known) return Task.FromResult(known);
            if (after < tail.End) return CatchUpAsync(partition, tail, after, limit);
            if (after > tail.End) tail.Reset(after);
            // Whoever is at the end shares one look at what comes next.
            if (tail.Reading.IsCompleted || tail.ReadingAfter != after) (tail.ReadingAfter, tail.Reading) = (after, ReadOnAsync(partition, tail, limit));
            return tail.Reading;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _reading.Dispose();

    private static int PartitionOf(StreamId stream) => int.Parse(stream.GetKeyAsString(), CultureInfo.InvariantCulture);

    private async Task<IReadOnlyList<(JournalItem Item, JournalPosition Position)>> ReadOnAsync(int partition, Tail tail, int limit)
    {
        JournalPosition after = tail.End;
        // Taken before the read, it leaves nothing out that the read does not show.
        Task next = news.Next(partition);
        await Task.Yield();
        IReadOnlyList<(JournalItem Item, JournalPosition Position)> items = await ReadStoreAsync(partition, after, limit);
        lock (tail)
        {
            tail.Add(after, items);
            tail.News = items.Count == 0 ? next : Task.CompletedTask;
        }

        return items;
    }

    private async Task<IReadOnlyList<(JournalItem Item, JournalPosition Position)>> CatchUpAsync(int partition, Tail tail, JournalPosition after, int limit)
    {
        IReadOnlyList<(JournalItem Item, JournalPosition Position)> items = await ReadStoreAsync(partition, after, limit);
        lock (tail) tail.Add(after, items);
        return items;
    }

    private async Task<IReadOnlyList<(JournalItem Item, JournalPosition Position)>> ReadStoreAsync(int partition, JournalPosition after, int limit)
    {
        IReadOnlyList<PositionedCommit> commits;
        await _reading.WaitAsync();
        try
        {
            commits = await store.ReadPartitionAsync(partition, after, limit, CancellationToken.None);
        }
        finally
        {
            _reading.Release();
        }

        List<(JournalItem Item, JournalPosition Position)> items = [];
        int events = 0;
        for (int i = 0; i < commits.Count; i++)
        {
            JournalItem item = JournalItem.Of(commits[i].Commit);
            items.Add((item, commits[i].Position));
            if ((events += item.Events.Length) >= EventsMax) break;
        }

        return items;
    }

    /// <summary>The newest that was read of a partition. Guarded by itself.</summary>
    private sealed class Tail
    {
        private readonly Queue<(JournalItem Item, JournalPosition Position)> _items = [];
        private JournalPosition _start;
        private int _events;

        public JournalPosition End { get; private set; }

        /// <summary>Where the look at what comes next began: the end as it was then.</summary>
        public JournalPosition ReadingAfter { get; set; }

        /// <summary>The look at what comes next.</summary>
        public Task<IReadOnlyList<(JournalItem Item, JournalPosition Position)>> Reading { get; set; } = Task.FromResult<IReadOnlyList<(JournalItem Item, JournalPosition Position)>>([]);

        /// <summary>Completes when there may be something after the end.</summary>
        public Task News { get; set; } = Task.CompletedTask;

        /// <summary>Whether much comes at a time.</summary>
        public bool IsBusy { get; private set; }

        /// <summary>What is kept after a place; null when that place is not within it.</summary>
        public IReadOnlyList<(JournalItem Item, JournalPosition Position)>? Find(JournalPosition after, int limit) =>
            after < _start || after >= End ? null : [.. _items.SkipWhile(i => i.Position <= after).Take(limit)];

        /// <summary>Adds what a read from some place showed, as far as it is beyond the end.</summary>
        public void Add(JournalPosition after, IReadOnlyList<(JournalItem Item, JournalPosition Position)> items)
        {
            if (after > End) return;
            if (after == End) IsBusy = items.Count >= BusyCommits;
            foreach ((JournalItem Item, JournalPosition Position) item in items.Where(i => i.Position > End))
            {
                _items.Enqueue(item);
                _events += item.Item.Events.Length;
                End = item.Position;
            }

            while (_events > EventsMax && _items.TryDequeue(out (JournalItem Item, JournalPosition Position) oldest))
            {
                _events -= oldest.Item.Events.Length;
                _start = oldest.Position;
            }
        }

        public void Reset(JournalPosition at)
        {
            _items.Clear();
            (_start, End, _events) = (at, at, 0);
        }
    }
}
