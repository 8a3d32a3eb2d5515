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
    public async Task<string> End() => FeedCursor.At(await ReadEndsAsync()).ToString();

    /// <inheritdoc/>
    public async Task<string?> Resume(string cursor) => FeedCursor.TryParse(cursor, out FeedCursor? place)
        ? FeedCursor.At([.. place.Positions.Zip(await ReadEndsAsync(), (wanted, end) => wanted < end ? wanted : end)]).ToString()
        : null;

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
            if (!isMore) await reader.WaitAsync(place.Positions);
        }
    }

    private Task<JournalPosition[]> ReadEndsAsync() => Task.WhenAll(Enumerable.Range(0, IJournalStore.PartitionCount).Select(p => journal.ReadEndAsync(p, CancellationToken.None)));

    // Beginning with another partition every time, so that a busy one does not keep the others from being heard.
    private async Task<bool> ReadAllAsync(FeedCursor place, ImmutableArray<string> types, string? subject, int limit, ImmutableArray<FeedEvent>.Builder found)
    {
        bool isMore = false;
        int first = Random.Shared.Next(place.Positions.Length);
        for (int i = 0; i < place.Positions.Length && found.Count < limit; i++)
        {
            int partition = (first + i) % place.Positions.Length;
            foreach ((JournalItem item, JournalPosition position) in await reader.ReadAsync(partition, place.Positions[partition], CommitsMax))
            {
                isMore = true;
                if (found.Count >= limit) break;
                Take(item, position, partition);
            }
        }

        return isMore;

        void Take(JournalItem item, JournalPosition position, int partition)
        {
            ShopEvent[] wanted = [.. item.Events.Where(e => (types.IsDefaultOrEmpty || types.Contains(e.EventType)) && (subject is null || e.Subject == subject))];
            string before = wanted.Length > 1 ? place.ToString() : "";
            place.Positions[partition] = position;
            // Only the last event of a commit leads beyond it.
            foreach ((int i, ShopEvent e) in wanted.Index())
                found.Add(new FeedEvent(e.EventId.ToString(), e.EventType, e.Subject, e.Timestamp, e.ToJson(), i < wanted.Length - 1 ? before : place.ToString()));
        }
    }
}
