using Shop.Journaling;

namespace Shop.Streams;

/// <summary>The newest that was read of a partition, and when those who wait for more go on. Guarded by itself.</summary>
internal sealed class JournalTail(TimeProvider clock)
{
    /// <summary>The most events that are kept.</summary>
    public const int EventsMax = 4_000;

    /// <summary>The answer of a look that found nothing.</summary>
    public static readonly Task<IReadOnlyList<JournalEntry>> Nothing = Task.FromResult<IReadOnlyList<JournalEntry>>([]);

    private const int LittleItemsMax = 500;

    // What is kept is there for consumers that are a little behind the others, and for recovery, which looks four times a second; what stays in memory for long
    // is what makes the collector's pauses long, and its second collection puts it among what is old. But when somebody comes too late for it, more is done than
    // consumers can, and each that reads by itself makes them later still: for a while it is kept until the last of them has come.
    private static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(0.5), KeptForLate = TimeSpan.FromSeconds(10), LateFor = TimeSpan.FromSeconds(5);

    /// <summary>When what was read can go. A timer may be some milliseconds early.</summary>
    public static readonly TimeSpan DroppedAfter = KeptFor + TimeSpan.FromMilliseconds(20);

    // The store commits hundreds of times a second. What has gathered is read and taken in one go: each look costs the same, and so do the rows that consumers
    // read and write for it. Figures need not be newer than the eye: what comes after a pause waits for a moment, what comes all the time is read once a second.
    private static readonly TimeSpan GatherFor = TimeSpan.FromMilliseconds(300), ReadEvery = TimeSpan.FromSeconds(1);

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
        while (_first < _items.Count && (_events > EventsMax || _items[_first].Position <= old))
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

    // What tells nothing takes room as well.
    private static int Weight(JournalItem item) => Math.Max(1, item.Events.Length);
}
