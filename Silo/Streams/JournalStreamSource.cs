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
    private const int ReadsAtOnceMax = 4, EventsMax = 4_000, BusyCommits = 20;

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
    public Task<IReadOnlyList<StreamItem>> ReadAsync(StreamId stream, StreamSequenceToken? after, int limit, CancellationToken cancellation) =>
        FindAsync(PartitionOf(stream), (after as JournalToken)?.Position ?? JournalPosition.Start, limit).WaitAsync(cancellation);

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
    public async Task<IReadOnlyList<(JournalItem Item, JournalPosition Position)>> ReadAsync(int partition, JournalPosition after, int limit) =>
        [.. (await FindAsync(partition, after, limit)).Select(i => ((JournalItem)i.Item, PositionOf(i)))];

    /// <inheritdoc/>
    public void Dispose() => _reading.Dispose();

    private static int PartitionOf(StreamId stream) => int.Parse(stream.GetKeyAsString(), CultureInfo.InvariantCulture);

    // What tells nothing takes room as well.
    private static int Weight(JournalItem item) => Math.Max(1, item.Events.Length);

    private static JournalPosition PositionOf(StreamItem item) => ((JournalToken)item.Token).Position;

    private Task<IReadOnlyList<StreamItem>> FindAsync(int partition, JournalPosition after, int limit)
    {
        Tail tail = _tails[partition];
        lock (tail)
        {
            if (tail.Find(after, limit) is { } known) return Task.FromResult<IReadOnlyList<StreamItem>>(known);
            if (after < tail.End) return CatchUpAsync(partition, tail, after, limit);
            if (after > tail.End) tail.Reset(after);
            // Whoever is at the end shares one look at what comes next.
            if (tail.Reading.IsCompleted || tail.ReadingAfter != after) (tail.ReadingAfter, tail.Reading) = (after, ReadOnAsync(partition, tail, limit));
            return tail.Reading;
        }
    }

    private async Task<IReadOnlyList<StreamItem>> ReadOnAsync(int partition, Tail tail, int limit)
    {
        JournalPosition after = tail.End;
        // Taken before the read, it leaves nothing out that the read does not show.
        Task next = news.Next(partition);
        await Task.Yield();
        IReadOnlyList<StreamItem> items = await ReadStoreAsync(partition, after, limit);
        lock (tail)
        {
            tail.Add(after, items);
            tail.News = items.Count == 0 ? next : Task.CompletedTask;
        }

        return items;
    }

    private async Task<IReadOnlyList<StreamItem>> CatchUpAsync(int partition, Tail tail, JournalPosition after, int limit)
    {
        IReadOnlyList<StreamItem> items = await ReadStoreAsync(partition, after, limit);
        lock (tail) tail.Add(after, items);
        return items;
    }

    private async Task<IReadOnlyList<StreamItem>> ReadStoreAsync(int partition, JournalPosition after, int limit)
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

        List<StreamItem> items = new(commits.Count);
        int events = 0;
        for (int i = 0; i < commits.Count; i++)
        {
            JournalItem item = JournalItem.Of(commits[i].Commit);
            items.Add(new StreamItem(item, new JournalToken(commits[i].Position)));
            if ((events += Weight(item)) >= EventsMax) break;
        }

        return items;
    }

    /// <summary>The newest that was read of a partition. Guarded by itself.</summary>
    private sealed class Tail
    {
        private readonly List<StreamItem> _items = [];
        private int _first;
        private JournalPosition _start;
        private int _events;

        public JournalPosition End { get; private set; }

        /// <summary>Where the look at what comes next began: the end as it was then.</summary>
        public JournalPosition ReadingAfter { get; set; }

        /// <summary>The look at what comes next.</summary>
        public Task<IReadOnlyList<StreamItem>> Reading { get; set; } = Task.FromResult<IReadOnlyList<StreamItem>>([]);

        /// <summary>Completes when there may be something after the end.</summary>
        public Task News { get; set; } = Task.CompletedTask;

        /// <summary>Whether much comes at a time.</summary>
        public bool IsBusy { get; private set; }

        /// <summary>What is kept after a place; null when that place is not within it.</summary>
        public List<StreamItem>? Find(JournalPosition after, int limit)
        {
            if (after < _start || after >= End) return null;
            int low = _first, high = _items.Count;
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (PositionOf(_items[middle]) <= after) low = middle + 1;
                else high = middle;
            }

            return _items.GetRange(low, Math.Min(limit, _items.Count - low));
        }

        /// <summary>Adds what a read from some place showed, as far as it is beyond the end.</summary>
        public void Add(JournalPosition after, IReadOnlyList<StreamItem> items)
        {
            if (after > End) return;
            if (after == End) IsBusy = items.Count >= BusyCommits;
            foreach (StreamItem item in items)
            {
                if (PositionOf(item) <= End) continue;
                _items.Add(item);
                _events += Weight((JournalItem)item.Item);
                End = PositionOf(item);
            }

            while (_events > EventsMax && _first < _items.Count)
            {
                _events -= Weight((JournalItem)_items[_first].Item);
                _start = PositionOf(_items[_first]);
                _items[_first++] = default;
            }

            if (_first < _items.Count / 2) return;
            _items.RemoveRange(0, _first);
            _first = 0;
        }

        public void Reset(JournalPosition at)
        {
            _items.Clear();
            (_start, End, _events, _first) = (at, at, 0, 0);
        }
    }
}
