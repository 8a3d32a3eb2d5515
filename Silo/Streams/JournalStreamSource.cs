using System.Collections.Concurrent;
using System.Globalization;
using Orleans.Runtime;
using Orleans.Streams;
using Shop.Events;
using Shop.Feed;
using Shop.Journaling;

namespace Shop.Streams;

/// <summary>
/// The journal as streams, one a partition. Consumers that are at the same place share one read of the store, so that many
/// consumers cost little more than one.
/// </summary>
public sealed class JournalStreamSource(IJournalStore store, JournalNews news) : IStreamSource, IEventReader, IDisposable
{
    private const int ReadsAtOnceMax = 4, EventsMax = 5_000;
    private static readonly TimeSpan ShareFor = TimeSpan.FromMilliseconds(50);

    // Commits of other processes are not announced; they are looked for.
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100), GatherFor = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<(int Partition, JournalPosition After, int Limit), SharedRead> _reads = new();
    private readonly SemaphoreSlim _reading = new(ReadsAtOnceMax);
    private readonly Task[] _news = new Task[IJournalStore.PartitionCount];

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
        Task seen = Volatile.Read(ref _news[PartitionOf(stream)]) ?? Task.CompletedTask;
        // Not cancelled by the other: a delay that is left behind ends by itself soon.
        await Task.WhenAny(seen, Task.Delay(LookEvery, CancellationToken.None)).WaitAsync(cancellation);
        // The store commits hundreds of times a second; what has gathered for a moment is read in one go.
        await Task.Delay(GatherFor, cancellation);
    }

    /// <inheritdoc/>
    public async Task WaitAsync()
    {
        await Task.WhenAny([Task.Delay(LookEvery), .. _news.OfType<Task>()]);
        await Task.Delay(GatherFor);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<(JournalItem Item, JournalPosition Position)>> ReadAsync(int partition, JournalPosition after, int limit)
    {
        long now = Environment.TickCount64;
        (int, JournalPosition, int) key = (partition, after, limit);
        if (_reads.TryGetValue(key, out SharedRead? shared) && !shared.IsOver(now)) return shared.Items;
        // With every read of the store those go that nobody shares any more, so that old pages do not stay in memory.
        foreach (KeyValuePair<(int, JournalPosition, int), SharedRead> old in _reads)
            if (old.Value.IsOver(now)) _reads.TryRemove(old);
        Task next = news.Next(partition);
        Volatile.Write(ref _news[partition], next);
        var read = new SharedRead(Task.Run(() => ReadStoreAsync(partition, after, limit)), next, now + (long)ShareFor.TotalMilliseconds);
        _reads[key] = read;
        return read.Items;
    }

    /// <inheritdoc/>
    public void Dispose() => _reading.Dispose();

    private static int PartitionOf(StreamId stream) => int.Parse(stream.GetKeyAsString(), CultureInfo.InvariantCulture);

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
            var item = new JournalItem(JournalEvents.Of(commits[i].Commit), commits[i].Commit.RecordedAt);
            bool isLast = i == commits.Count - 1 || (events += item.Events.Length) >= EventsMax;
            if (!item.Events.IsEmpty || isLast) items.Add((item, commits[i].Position));
            if (isLast) break;
        }

        return items;
    }

    private sealed record SharedRead(Task<IReadOnlyList<(JournalItem Item, JournalPosition Position)>> Items, Task News, long UntilMs)
    {
        // A page that was empty is read again as soon as there is news.
        public bool IsOver(long nowMs) => Items.IsCompleted && (nowMs >= UntilMs || !Items.IsCompletedSuccessfully || (Items.Result.Count == 0 && News.IsCompleted));
    }
}
