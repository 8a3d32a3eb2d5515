using System.Diagnostics;
using Shop.Events;
using Shop.Streams;

namespace Shop.Feed;

/// <inheritdoc cref="IEventFeedGrain"/>
[StatelessWorker(64), GrainType("feed"), Reentrant]
public sealed class EventFeedGrain(IEventReader reader, IJournalStore journal) : Grain, IEventFeedGrain
{
    private const int CommitsMax = 200;
    private static readonly TimeSpan PatienceMax = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public async Task<string> End()
    {
        FeedCursor cursor = FeedCursor.Start();
        JournalPosition[] ends = await Task.WhenAll(Enumerable.Range(0, cursor.Positions.Length).Select(p => journal.ReadEndAsync(p, CancellationToken.None)));
        ends.CopyTo(cursor.Positions, 0);
        return cursor.ToString();
    }

    /// <inheritdoc/>
    public Task<bool> IsCursor(string cursor) => Task.FromResult(FeedCursor.TryParse(cursor, out _));

    /// <inheritdoc/>
    public async Task<FeedPage> Read(string cursor, ImmutableArray<string> types, string? subject, int limit)
    {
        if (!FeedCursor.TryParse(cursor, out FeedCursor? place)) throw new ArgumentException("Not a cursor of this feed.", nameof(cursor));
        ImmutableArray<FeedEvent>.Builder found = ImmutableArray.CreateBuilder<FeedEvent>();
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            bool isMore = await ReadAllAsync(place, types, subject, limit, found);
            if (found.Count > 0 || Stopwatch.GetElapsedTime(began) > PatienceMax) return new FeedPage(found.ToImmutable(), place.ToString());
            if (!isMore) await reader.WaitAsync();
        }
    }

    private async Task<bool> ReadAllAsync(FeedCursor place, ImmutableArray<string> types, string? subject, int limit, ImmutableArray<FeedEvent>.Builder found)
    {
        bool isMore = false;
        IReadOnlyList<(JournalItem Item, JournalPosition Position)>[] pages =
            await Task.WhenAll(place.Positions.Select((p, i) => reader.ReadAsync(i, p, CommitsMax)));
        for (int partition = 0; partition < pages.Length; partition++)
        {
            foreach ((JournalItem item, JournalPosition position) in pages[partition])
            {
                isMore = true;
                if (found.Count >= limit) break;
                ShopEvent[] wanted = [.. item.Events.Where(e => (types.IsDefaultOrEmpty || types.Contains(e.EventType)) && (subject is null || e.Subject == subject))];
                string before = wanted.Length > 1 ? place.ToString() : "";
                place.Positions[partition] = position;
                // Only the last event of a commit leads beyond it.
                for (int i = 0; i < wanted.Length; i++)
                {
                    ShopEvent e = wanted[i];
                    found.Add(new FeedEvent(e.EventId, e.EventType, e.Subject, e.Timestamp, e.ToJson(), i < wanted.Length - 1 ? before : place.ToString()));
                }
            }
        }

        return isMore;
    }
}
