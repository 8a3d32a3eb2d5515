using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Shop.Events;

namespace Shop.Journaling;

/// <summary>
/// The one writer of a silo. It takes whatever waits, from all grains, in one transaction: while a batch is on its way to disk
/// the next one gathers, so a batch is as large as the disk is slow and nobody waits for a timer.
/// </summary>
public sealed class JournalWriter : IHostedService, IDisposable
{
    private readonly IJournalStore _store;
    private readonly TimeProvider _clock;
    private readonly JournalInstruments _instruments;
    private readonly JournalNews _news;
    private readonly ILogger<JournalWriter> _log;
    private readonly Channel<GrainAppend> _queue;
    private readonly CancellationTokenSource _abort = new();
    private Task _running = Task.CompletedTask;
    private volatile Exception? _down;

    /// <summary>Creates the writer; it writes from <see cref="StartAsync"/> on.</summary>
    public JournalWriter(IJournalStore store, TimeProvider clock, IOptions<JournalOptions> options, JournalInstruments instruments, JournalNews news, ILogger<JournalWriter> log)
    {
        _store = store;
        _clock = clock;
        _instruments = instruments;
        _news = news;
        _log = log;
        Options = options.Value;
        _queue = Channel.CreateBounded<GrainAppend>(new BoundedChannelOptions(Options.QueueCommitsMax) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    }

    /// <summary>Whether the store took the last batch.</summary>
    public bool IsAvailable => _down is null;

    internal JournalOptions Options { get; }

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _store.EnsureSchemaAsync(cancellationToken);
        _running = Task.Run(RunAsync, CancellationToken.None);
    }

    /// <summary>Writes what waits, then stops.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _queue.Writer.TryComplete();
        try
        {
            await _running.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await _abort.CancelAsync();
            await _running;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _abort.Dispose();

    internal void ThrowIfUnavailable()
    {
        if (_down is { } reason) throw new JournalUnavailableException("The store cannot be reached; nothing was changed.", reason);
    }

    internal void Enqueue(GrainAppend append)
    {
        if (_queue.Writer.TryWrite(append)) return;
        var error = new JournalUnavailableException("The store has more to write than it can take, or is stopping; nothing was changed.");
        append.Fail(error);
        throw error;
    }

    private async Task RunAsync()
    {
        List<GrainAppend> batch = [];
        while (await _queue.Reader.WaitToReadAsync())
        {
            // Commits that arrive from here on belong to the next batch: a grain has at most one in each.
            int count = Math.Min(_queue.Reader.Count, Options.BatchCommitsMax);
            for (int i = 0; i < count && _queue.Reader.TryRead(out GrainAppend? append); i++)
            {
                if (append.Owner.Seal(append)) batch.Add(append);
                else append.Fail(StaleActivationException.Of(append.Owner.GrainId));
            }

            if (batch.Count > 0) await CommitAsync(batch);
            batch.Clear();
        }
    }

    private async Task CommitAsync(List<GrainAppend> batch)
    {
        Guid commitId = Guid.NewGuid();
        DateTimeOffset now = _clock.GetUtcNow();
        JournalCommit[] commits = [.. batch.Select(a => a.ToCommit(commitId, now))];
        Debug.Assert(commits.All(c => c.IsForReaders || JournalEvents.Of(c).IsEmpty), "What the world is told of is for readers.");
        Debug.Assert(commits.All(TellsWhatItsJsonTells), "Events tell the same whether they were just made or are made of their JSON.");
        long start = Stopwatch.GetTimestamp();
        try
        {
            IReadOnlyList<bool> added = await AppendWithRetryAsync(commits);
            _instruments.Committed(commits.Length, commits.Sum(c => c.EventCount), Stopwatch.GetElapsedTime(start));
            int partitions = 0;
            for (int i = 0; i < batch.Count; i++)
            {
                if (added[i]) batch[i].Succeed();
                else Refuse(batch[i]);
            }

            // Whoever waits for a commit does not wait for those who want to read of it.
            for (int i = 0; i < batch.Count; i++)
            {
                if (added[i]) _news.Wrote(commits[i]);
                if (commits[i].IsForReaders) partitions |= 1 << commits[i].Partition;
            }

            for (int partition = 0; partition < IJournalStore.PartitionCount; partition++)
                if ((partitions & (1 << partition)) != 0) _news.Tell(partition);
        }
        catch (Exception e)
        {
            JournalLog.BatchUnknown(_log, e, batch.Count);
            // Whoever hears of it and comes again at once is told that the store is gone, instead of having to wait for that in the queue.
            _down = e;
            foreach (GrainAppend append in batch) append.Fail(new CommitUnknownException("The store did not say whether the command happened.", e));
            await WaitForStoreAsync(e);
        }
    }

    private static bool TellsWhatItsJsonTells(JournalCommit commit) =>
        JournalEvents.Of(commit).Select(e => e.ToJson()).SequenceEqual(JournalEvents.Of(commit with { Told = null }).Select(e => e.ToJson()));

    private void Refuse(GrainAppend append)
    {
        if (append is { Version: 1, Owner.IsTakenForNew: true }) JournalLog.NotNew(_log, append.Owner.GrainId);
        else
        {
            _instruments.Refused();
            JournalLog.StaleActivation(_log, append.Owner.GrainId, append.Version);
        }

        append.Fail(StaleActivationException.Of(append.Owner.GrainId));
    }

    // The same commit id makes a repetition safe: a commit that did get through is found, not added again.
    private async Task<IReadOnlyList<bool>> AppendWithRetryAsync(JournalCommit[] commits)
    {
        long start = Stopwatch.GetTimestamp();
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                using var limit = new TimeLimit(Options.CommitTimeout, _abort.Token);
                IReadOnlyList<bool> added = await _store.AppendAsync(commits, limit.Token);
                Debug.Assert(added.Count == commits.Length, "A store answers for each commit.");
                return added;
            }
            catch (Exception e) when (Stopwatch.GetElapsedTime(start) < Options.CommitTimeout && !_abort.IsCancellationRequested)
            {
                JournalLog.BatchRetried(_log, e, attempt);
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(50 << Math.Min(attempt, 4), 500)) + TimeSpan.FromMilliseconds(Random.Shared.Next(50)), CancellationToken.None);
            }
        }
    }

    // Fails what waits, refuses what comes, and tries the store until it is back.
    private async Task WaitForStoreAsync(Exception reason)
    {
        try
        {
            while (true)
            {
                while (_queue.Reader.TryRead(out GrainAppend? append))
                {
                    append.Owner.Seal(append);
                    append.Fail(new JournalUnavailableException("The store cannot be reached; nothing was changed.", reason));
                }

                if (_queue.Reader.Completion.IsCompleted || _abort.IsCancellationRequested) return;
                try
                {
                    using var limit = new TimeLimit(Options.CommitTimeout);
                    await _store.PingAsync(limit.Token);
                    JournalLog.StoreIsBack(_log);
                    return;
                }
                catch (Exception e) when (e is not OutOfMemoryException)
                {
                    await Task.Delay(Options.ProbeInterval);
                }
            }
        }
        finally
        {
            _down = null;
        }
    }
}
