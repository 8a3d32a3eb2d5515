using Shop.Feed;
using Shop.Journaling;

namespace Shop.Streams;

/// <summary>
/// The journal as streams, one a partition. What was read last of a partition is kept for a while, so that many consumers cost
/// little more than one, whoever of them is ahead.
/// </summary>
public sealed class JournalStreamSource(IJournalStore store, JournalNews news, TimeProvider clock) : IEventReader, IDisposable
{
    private const int ReadsAtOnceMax = 4, EventsMax = JournalTail.EventsMax;

    // Commits of other processes are not announced; they are looked for. Somebody who listens to the feed does not wait for as much to gather as consumers do.
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250), FeedLooksEvery = TimeSpan.FromMilliseconds(100), FeedGathersFor = TimeSpan.FromMilliseconds(20);

    private readonly SemaphoreSlim _reading = new(ReadsAtOnceMax);
    private readonly JournalTail[] _tails = [.. Enumerable.Range(0, IJournalStore.PartitionCount).Select(_ => new JournalTail(clock))];

    /// <summary>What there is of a partition after a place, in order; an empty list when there is nothing. Limited in number.</summary>
    public async Task<IReadOnlyList<JournalEntry>> ReadAsync(int partition, JournalToken? after, int limit, CancellationToken cancellation)
    {
        JournalPosition place = after?.Position ?? JournalPosition.Start;
        return _tails[partition].Share(place, await FindAsync(partition, place, limit).WaitAsync(cancellation));
    }

    /// <summary>Completes at once when there may be much after a place in a partition; otherwise when something new has gathered, or after a while.</summary>
    public async Task WaitAsync(int partition, JournalToken? after, CancellationToken cancellation)
    {
        JournalTail tail = _tails[partition];
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
        JournalTail tail = _tails[partition];
        lock (tail) return tail.Find(after, limit) ?? [];
    }

    /// <inheritdoc/>
    public void Dispose() => _reading.Dispose();

    private Task<IReadOnlyList<JournalEntry>> FindAsync(int partition, JournalPosition after, int limit)
    {
        JournalTail tail = _tails[partition];
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

    private async Task<IReadOnlyList<JournalEntry>> ReadOnAsync(int partition, JournalTail tail, int limit)
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
            if (tail.ReadingAfter == after) tail.Reading = JournalTail.Nothing;
        }

        _ = DropLaterAsync(tail);
        return items;
    }

    private async Task<IReadOnlyList<JournalEntry>> CatchUpAsync(int partition, JournalTail tail, JournalPosition after, int limit)
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
    private async Task DropLaterAsync(JournalTail tail)
    {
        await Task.Delay(JournalTail.DroppedAfter, clock);
        lock (tail) tail.Drop();
    }

    // Also says whether that was all there is.
    private async Task<(IReadOnlyList<JournalEntry> Items, bool IsAll)> ReadStoreAsync(int partition, JournalTail tail, JournalPosition after, int limit)
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
}
