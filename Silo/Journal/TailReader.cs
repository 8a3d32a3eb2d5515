using System.Threading.Channels;
using Shop.Journaling;

namespace Shop.Journal;

/// <summary>
/// Reads the tails of many grains in one query. When everybody comes at once, thousands of grains activate at once; each of
/// them would otherwise wait for a connection and a round trip of its own.
/// </summary>
internal sealed class TailReader(Func<string[], int, CancellationToken, Task<ILookup<string, JournalCommit>>> read)
{
    private const int QueueMax = 100_000, GrainsMax = 500, ReadersMax = 2;
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(15);

    private readonly Channel<Request> _queue = Channel.CreateBounded<Request>(QueueMax);
    private int _readers;

    public async Task<IReadOnlyList<JournalCommit>> ReadAsync(string grainId, int limit, CancellationToken cancellation)
    {
        var request = new Request(grainId, limit);
        if (!_queue.Writer.TryWrite(request)) throw new JournalUnavailableException("More grains activate than the store can read.");
        StartReader();
        return await request.Answer.Task.WaitAsync(cancellation);
    }

    // Readers come when there is something to read and go when there is nothing. Another one comes only for more than one can take: while a query
    // is under way the next one gathers.
    private void StartReader()
    {
        while (Volatile.Read(ref _readers) is int count && count < ReadersMax)
        {
            if (count > 0 && _queue.Reader.Count < GrainsMax) return;
            if (Interlocked.CompareExchange(ref _readers, count + 1, count) != count) continue;
            _ = Task.Run(ReadAllAsync);
            return;
        }
    }

    private async Task ReadAllAsync()
    {
        List<Request> batch = [];
        while (true)
        {
            while (batch.Count < GrainsMax && _queue.Reader.TryRead(out Request? request)) batch.Add(request);
            if (batch.Count == 0) break;
            await ReadBatchAsync(batch);
            batch.Clear();
        }

        Interlocked.Decrement(ref _readers);
        if (_queue.Reader.Count > 0) StartReader();
    }

    private async Task ReadBatchAsync(List<Request> batch)
    {
        try
        {
            using var limit = new TimeLimit(ReadTimeout);
            ILookup<string, JournalCommit> found = await read([.. batch.Select(r => r.GrainId).Distinct()], batch.Max(r => r.Limit), limit.Token);
            foreach (Request request in batch)
            {
                JournalCommit[] commits = [.. found[request.GrainId]];
                request.Answer.TrySetResult(commits.Length <= request.Limit ? commits : commits[^request.Limit..]);
            }
        }
        catch (Exception e)
        {
            foreach (Request request in batch) request.Answer.TrySetException(new JournalUnavailableException("The store cannot be read; nothing was changed.", e));
        }
    }

    private sealed record Request(string GrainId, int Limit)
    {
        public TaskCompletionSource<IReadOnlyList<JournalCommit>> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
