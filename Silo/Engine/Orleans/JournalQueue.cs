using System.Globalization;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Streams;
using Shop.Journaling;
using Shop.Streams;

namespace Shop.Engine;

/// <summary>
/// A partition of the journal as a queue of Orleans' streams. Nothing is queued and nothing is cached here: the journal itself is read, from
/// wherever a consumer stands. What the queue hands out are empty batches, which say no more than that it is worth looking.
/// </summary>
internal sealed class JournalQueue(int partition, JournalStreamSource journal, ILogger log) : IQueueAdapterReceiver, IQueueCache
{
    private static readonly TimeSpan RestAfterFailure = TimeSpan.FromMilliseconds(500), LookEvery = TimeSpan.FromMilliseconds(250);

    private bool _isShutDown;
    private volatile TaskCompletionSource _found = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The stream of a partition.</summary>
    public static StreamId StreamOf(int partition) => StreamId.Create(JournalStreams.Namespace, partition.ToString(CultureInfo.InvariantCulture));

    /// <summary>The partition of a stream.</summary>
    public static int PartitionOf(StreamId stream) => int.Parse(stream.GetKeyAsString(), CultureInfo.InvariantCulture);

    public Task Initialize(TimeSpan timeout) => Task.CompletedTask;

    public Task Shutdown(TimeSpan timeout)
    {
        _isShutDown = true;
        _found.TrySetResult();
        return Task.CompletedTask;
    }

    public async Task<IList<IBatchContainer>> GetQueueMessagesAsync(int maxCount, CancellationToken cancellationToken)
    {
        if (_isShutDown) return [];
        // Something new, something that a consumer asked for, or the time when commits of other silos are looked for.
        await Task.WhenAny(_found.Task, Task.Delay(LookEvery, cancellationToken));
        if (_found.Task.IsCompleted) _found = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return [new JournalBatch(partition, new JournalToken(JournalPosition.Start), [])];
    }

    Task<IList<IBatchContainer>> IQueueAdapterReceiver.GetQueueMessagesAsync(int maxCount) => GetQueueMessagesAsync(maxCount, CancellationToken.None);

    Task IQueueAdapterReceiver.MessagesDeliveredAsync(IList<IBatchContainer> messages) => Task.CompletedTask;

    public int GetMaxAddCount() => QueueAdapterConstants.UNLIMITED_GET_QUEUE_MSG;

    public void AddToCache(IList<IBatchContainer> messages)
    {
        // The journal has it.
    }

    public bool TryPurgeFromCache(out IList<IBatchContainer> purgedItems)
    {
        purgedItems = [];
        return false;
    }

    public bool IsUnderPressure() => false;

    public IQueueCacheCursor GetCacheCursor(StreamId streamId, StreamSequenceToken? token) => new Cursor(this, (token as JournalToken)?.Position ?? JournalPosition.Start);

    /// <summary>Where a consumer stands. Pages are read while it waits; when one has come, the queue hands out a reason to look again.</summary>
    private sealed class Cursor(JournalQueue queue, JournalPosition position) : IQueueCacheCursor
    {
        private const int CommitsMax = 1_000;

        private Task<IReadOnlyList<JournalEntry>>? _reading;
        private JournalBatch? _current;
        private bool _isRepeated;

        public IBatchContainer? GetCurrent(out Exception? exception)
        {
            exception = null;
            return _current;
        }

        public bool MoveNext()
        {
            if (_isRepeated)
            {
                _isRepeated = false;
                return true;
            }

            // The place that was asked for comes first: whoever asked has what is there.
            if (_current is null)
            {
                _current = new JournalBatch(queue.Partition, new JournalToken(position), []);
                return true;
            }

            _reading ??= ReadAsync();
            if (!_reading.IsCompleted) return false;
            IReadOnlyList<JournalEntry> entries = _reading.GetAwaiter().GetResult();
            _reading = entries.Count == 0 ? ReadAsync() : null;
            if (entries.Count == 0) return false;
            _current = new JournalBatch(queue.Partition, new JournalToken(entries[^1].Position), entries);
            position = entries[^1].Position;
            return true;
        }

        public void Refresh(StreamSequenceToken token)
        {
            // It looks again anyway.
        }

        // The pulling agent gives up after a while and would go on behind it; consumers of the journal leave nothing out.
        public void RecordDeliveryFailure() => _isRepeated = true;

        public void Dispose()
        {
        }

        private async Task<IReadOnlyList<JournalEntry>> ReadAsync()
        {
            try
            {
                // What comes while a page is delivered is little, and a delivery costs the same however little is in it.
                var place = new JournalToken(position);
                await queue.Journal.WaitAsync(queue.Partition, place, CancellationToken.None);
                IReadOnlyList<JournalEntry> entries = await queue.Journal.ReadAsync(queue.Partition, place, CommitsMax, CancellationToken.None);
                queue._found.TrySetResult();
                return entries;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                EngineLog.PartitionUnread(queue.Log, e, queue.Partition);
                await Task.Delay(RestAfterFailure);
                return [];
            }
        }
    }

    private int Partition => partition;

    private JournalStreamSource Journal => journal;

    private ILogger Log => log;
}

internal static partial class EngineLog
{
    [LoggerMessage(201, LogLevel.Warning, "Partition {Partition} of the journal cannot be read now; it is tried again")]
    public static partial void PartitionUnread(ILogger log, Exception error, int partition);
}
