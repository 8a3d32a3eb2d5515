using Shop.Feed;
using Shop.Journaling;

namespace Shop.Streams;

/// <summary>
/// The journal as streams, one a partition. What was read last of a partition is kept for a while, so that many consumers cost
/// little more than one, whoever of them is ahead.
/// </summary>
public sealed class JournalStreamSource(IJournalStore store, JournalNews news, TimeProvider clock) : IEventReader, IDisposable
{
    private const int ReadsAtOnceMax = 4, EventsMax = 4_000, KeptEventsMax = EventsMax, LittleItemsMax = 500;

    // What is kept is there for consumers that are a little behind the others, and for recovery, which looks four times a second; what stays in memory for long
    // is what makes the collector's pauses long, and its second collection puts it among what is old. But when somebody comes too late for it, more is done than
    // consumers can, and each that reads by itself makes them later still: for a while it is kept until the last of them has come.
    private static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(0.5), KeptForLate = TimeSpan.FromSeconds(10), LateFor = TimeSpan.FromSeconds(5);

    // A timer may be some milliseconds early.
    private static readonly TimeSpan DroppedAfter = KeptFor + TimeSpan.FromMilliseconds(20);

    // Commits of other processes are not announced; they are looked for.
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250), FeedLooksEvery = TimeSpan.FromMilliseconds(100);

    // The store commits hundreds of times a second. What has gathered is read and taken in one go: each look costs the same, and so do the rows that consumers
    // read and write for it. Figures need not be newer than the eye: what comes after a pause waits for a moment, what comes all the time is read once a second.
    // Somebody who listens to the feed waits for less.
    private static readonly TimeSpan GatherFor = TimeSpan.FromMilliseconds(300), ReadEvery = TimeSpan.FromSeconds(1), FeedGathersFor = TimeSpan.FromMilliseconds(20);

    private static readonly Task<IReadOnlyList<JournalEntry>> Nothing = Task.FromResult<IReadOnlyList<JournalEntry>>([]);

    private readonly SemaphoreSlim _reading = new(ReadsAtOnceMax);
    private readonly Tail[] _tails = [.. Enumerable.Range(0, IJournalStore.PartitionCount).Select(_ => new Tail(clock))];

    /// <summary>What there is of a partition after a place, in order; an empty list when there is nothing. Limited in number.</summary>
    public async Task<IReadOnlyList<JournalEntry>> ReadAsync(int partition, JournalToken? after, int limit, CancellationToken cancellation)
    {
        JournalPosition place = after?.Position ?? JournalPosition.Start;
        return _tails[partition].Share(place, await FindAsync(partition, place, limit).WaitAsync(cancellation));
    }

    /// <summary>Completes at once when there may be much after a place in a partition; otherwise when something new has gathered, or after a while.</summary>
    public async Task WaitAsync(int partition, JournalToken? after, CancellationToken cancellation)
    {
        Tail tail = _tails[partition];
        JournalPosition place = after?.Position ?? JournalPosition.Start;
        if (tail.MayHaveMuchAfter(place)) return;
        // Not cancelled by the other: a delay that is left behind ends by itself soon.
        if (tail.NewsAfter(place) is { } news) await Task.WhenAny(news, Task.Delay(LookEvery, clock, CancellationToken.None)).WaitAsync(cancellation);
        await tail.GatherAsync().WaitAsync(cancellation);
    }

    /// <inheritdoc/>
    public async Task WaitAsync(IReadOnlyList<JournalPosition> after)
    {
        Task?[] news = [.. _tails.Zip(after, (tail, place) => tail.NewsAfter(place))];
        if (news.Contains(null)) return;
        await Task.WhenAny([Task.Delay(FeedLooksEvery, clock), .. news.Select(n => n!)]);
        await Task.Delay(FeedGathersFor, clock);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<JournalEntry>> ReadAsync(int partition, JournalPosition after, int limit) => FindAsync(partition, after, limit);

    /// <inheritdoc/>
    public IReadOnlyList<JournalEntry> ReadAtHand(int partition, JournalPosition after, int limit)
    {
        Tail tail = _tails[partition];
        lock (tail) return tail.Find(after, limit) ?? [];
    }

    /// <inheritdoc/>
    public void Dispose() => _reading.Dispose();

    // What tells nothing takes room as well.
    private static int Weight(JournalItem item) => Math.Max(1, item.Events.Length);

    private Task<IReadOnlyList<JournalEntry>> FindAsync(int partition, JournalPosition after, int limit)
    {
        Tail tail = _tails[partition];
        lock (tail)
        {
            if (tail.Find(after, limit) is { } known) return Task.FromResult<IReadOnlyList<JournalEntry>>(known);
            if (after < tail.End)
            {
                tail.CameLate();
                return CatchUpAsync(partition, tail, after, limit);
            }

            if (after > tail.End) tail.Reset(after);
            // Whoever is at the end shares one look at what comes next.
            if (tail.Reading.IsCompleted || tail.ReadingAfter != after) (tail.ReadingAfter, tail.Reading) = (after, ReadOnAsync(partition, tail, limit));
            return tail.Reading;
        }
    }

    private async Task<IReadOnlyList<JournalEntry>> ReadOnAsync(int partition, Tail tail, int limit)
    {
        JournalPosition after = tail.End;
        // Taken before the read, it leaves nothing out that the read does not show.
        Task next = news.Next(partition);
        await Task.Yield();
        (IReadOnlyList<JournalEntry> items, bool isAll) = await ReadStoreAsync(partition, tail, after, limit);
        lock (tail)
        {
            tail.Add(after, items);
            tail.News = isAll ? next : null;
            // What was read is in the tail; it need not be held as the answer to a look that is over as well.
            if (tail.ReadingAfter == after) tail.Reading = Nothing;
        }

        _ = DropLaterAsync(tail);
        return items;
    }

    private async Task<IReadOnlyList<JournalEntry>> CatchUpAsync(int partition, Tail tail, JournalPosition after, int limit)
    {
        (IReadOnlyList<JournalEntry> items, _) = await ReadStoreAsync(partition, tail, after, limit);
        lock (tail)
        {
            // Somebody asked from beyond the end of the journal. Whoever is at its true end must not think that there is more.
            if (items.Count == 0) tail.Reset(after);
            else tail.Add(after, items);
        }

        _ = DropLaterAsync(tail);
        return items;
    }

    // Whoever reads next does so a second later, and a collection comes before that.
    private async Task DropLaterAsync(Tail tail)
    {
        await Task.Delay(DroppedAfter, clock);
        lock (tail) tail.Drop();
    }

    // Also says whether that was all there is.
    private async Task<(IReadOnlyList<JournalEntry> Items, bool IsAll)> ReadStoreAsync(int partition, Tail tail, JournalPosition after, int limit)
    {
        // A commit of a hot grain has hundreds of events. More commits than can be taken would be read for nothing, and again the next time.
        limit = Math.Min(limit, Math.Max(1, EventsMax / tail.EventsPerCommit));
        IReadOnlyList<PositionedCommit> commits;
        IReadOnlyDictionary<CommitIdentity, JournalItem> written = news.Written(partition);
        await _reading.WaitAsync();
        try
        {
            commits = await store.ReadPartitionAsync(partition, after, limit, CancellationToken.None, written.Keys.ToHashSet());
        }
        finally
        {
            _reading.Release();
        }

        List<JournalEntry> items = new(commits.Count);
        int events = 0;
        for (int i = 0; i < commits.Count; i++)
        {
            items.Add(new JournalEntry(written.GetValueOrDefault(commits[i].Commit.Identity) ?? JournalItem.Of(commits[i].Commit), commits[i].Position));
            if ((events += commits[i].Commit.EventCount) >= EventsMax) break;
        }

        bool isAll = commits.Count < limit && items.Count == commits.Count;
        // What was durable before the read and is not in it was read before the writer had said that it is durable.
        news.Forget(partition, isAll ? written.Keys : commits.Take(items.Count).Select(c => c.Commit.Identity));
        if (items.Count > 0) tail.EventsPerCommit = Math.Max(1, events / items.Count);
        return (items, isAll);
    }

    /// <summary>The newest that was read of a partition. Guarded by itself.</summary>
    private sealed class Tail(TimeProvider clock)
    {
        private readonly List<JournalEntry> _items = [];
        private readonly Queue<(JournalPosition End, long At)> _reads = [];
        private int _first;
        private JournalPosition _start;
        private JournalPosition _shared;
        private int _events;
        private Task _gathering = Task.CompletedTask;
        private long _gatheredAt = long.MinValue / 2;
        private long? _lateAt;

        public JournalPosition End { get; private set; }

        /// <summary>As it was when the store was read last.</summary>
        public int EventsPerCommit { get; set; } = 1;

        /// <summary>Where the look at what comes next began: the end as it was then.</summary>
        public JournalPosition ReadingAfter { get; set; }

        /// <summary>The look at what comes next.</summary>
        public Task<IReadOnlyList<JournalEntry>> Reading { get; set; } = Nothing;

        /// <summary>Completes when there is something after the end; null when there may be already.</summary>
        public Task? News { get; set; }

        /// <summary>Completes when there is something after a place; null when there may be already.</summary>
        public Task? NewsAfter(JournalPosition place)
        {
            lock (this) return place == End ? News : null;
        }

        /// <summary>Whether whoever is at a place need not wait for more to gather. A little may be there because somebody reads more often who is no consumer: it gathers, too.</summary>
        public bool MayHaveMuchAfter(JournalPosition place)
        {
            lock (this) return News is null || place < _start || place > End || place < _shared || _items.Count - IndexAfter(place) > LittleItemsMax;
        }

        /// <summary>
        /// What a consumer takes of what was found. Whoever missed what another one has taken takes that, without waiting, and no more, and so is where the others are.
        /// Otherwise it would stay one read behind them, and all that was read would have to be kept from one read to the next.
        /// </summary>
        public IReadOnlyList<JournalEntry> Share(JournalPosition place, IReadOnlyList<JournalEntry> found)
        {
            lock (this)
            {
                if (found.Count == 0) return found;
                if (place >= _shared) _shared = found[^1].Position;
                return found[^1].Position <= _shared ? found : [.. found.TakeWhile(e => e.Position <= _shared)];
            }
        }

        /// <summary>Waits for more. Those who wait for a partition go on together, so that what one of them reads serves all.</summary>
        public Task GatherAsync()
        {
            lock (this)
            {
                if (_gathering.IsCompleted) _gathering = GatherOnceAsync();
                return _gathering;
            }
        }

        /// <summary>Somebody asked for what is not kept any more.</summary>
        public void CameLate() => _lateAt = clock.GetTimestamp();

        /// <summary>What is kept after a place; null when that place is not within it.</summary>
        public List<JournalEntry>? Find(JournalPosition after, int limit)
        {
            if (after < _start || after >= End) return null;
            int first = IndexAfter(after);
            return _items.GetRange(first, Math.Min(limit, _items.Count - first));
        }

        /// <summary>Adds what a read from some place showed, as far as it is beyond the end.</summary>
        public void Add(JournalPosition after, IReadOnlyList<JournalEntry> items)
        {
            if (after > End) return;
            foreach (JournalEntry item in items)
            {
                if (item.Position <= End) continue;
                _items.Add(item);
                _events += Weight(item.Item);
                End = item.Position;
            }

            _reads.Enqueue((End, clock.GetTimestamp()));
            Drop();
        }

        /// <summary>Lets go what was read long enough ago, or is too much.</summary>
        public void Drop()
        {
            JournalPosition old = _start;
            TimeSpan keptFor = _lateAt is { } late && clock.GetElapsedTime(late) < LateFor ? KeptForLate : KeptFor;
            while (_reads.TryPeek(out (JournalPosition End, long At) read) && clock.GetElapsedTime(read.At) >= keptFor) old = _reads.Dequeue().End;
            while (_first < _items.Count && (_events > KeptEventsMax || _items[_first].Position <= old))
            {
                _events -= Weight(_items[_first].Item);
                _start = _items[_first].Position;
                _items[_first++] = default;
            }

            if (_first < _items.Count / 2) return;
            _items.RemoveRange(0, _first);
            _first = 0;
        }

        public void Reset(JournalPosition at)
        {
            _items.Clear();
            _reads.Clear();
            (_start, End, _events, _first, News) = (at, at, 0, 0, null);
        }

        private int IndexAfter(JournalPosition place)
        {
            int low = _first, high = _items.Count;
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (_items[middle].Position <= place) low = middle + 1;
                else high = middle;
            }

            return low;
        }

        private async Task GatherOnceAsync()
        {
            // Not always the same time: partitions that once met would go on meeting, and work all at once while everybody else waits.
            double share = 0.5 + Random.Shared.NextDouble();
            TimeSpan untilNext = (ReadEvery * share) - clock.GetElapsedTime(_gatheredAt), atLeast = GatherFor * share;
            await Task.Delay(untilNext > atLeast ? untilNext : atLeast, clock);
            Volatile.Write(ref _gatheredAt, clock.GetTimestamp());
        }
    }
}
