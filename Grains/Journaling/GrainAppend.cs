using System.Buffers;
using Microsoft.Extensions.ObjectPool;

namespace Shop.Journaling;

/// <summary>A commit in the making: events of one grain that wait for the writer. Events join until the writer takes it.</summary>
internal sealed class GrainAppend(GrainJournal owner, bool hadWork, int bytesBefore)
{
    // A commit may have many, and keeping all of them until somebody reads costs more than making them again.
    private const int ToldMax = 8;

    private readonly ArrayBufferWriter<byte> _events = Buffers.Rent(bytesBefore);
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private List<object>? _told;
    private object? _lastTold;

    public GrainJournal Owner => owner;

    public int EventCount { get; private set; }

    public bool HasWork { get; set; }

    /// <summary>Whether the writer has it, or will take it.</summary>
    public bool IsQueued { get; set; }

    public long Version { get; set; }

    public Task Done => _done.Task;

    public int ByteCount => _events.WrittenCount;

    /// <summary>Adds an event, of which the world may be told.</summary>
    public void Add<TEvent>(TEvent @event, Func<TEvent, object?, object?> tell, EventJson<TEvent> json)
    {
        if (tell(@event, _lastTold) is { } told && !ReferenceEquals(told, _lastTold)) Tell(told);
        _events.Write(EventCount == 0 ? "["u8 : ","u8);
        json.Write(@event, _events);
        EventCount++;
    }

    public JournalCommit ToCommit(Guid commitId, DateTimeOffset now)
    {
        _events.Write("]"u8);
        return new JournalCommit(owner.GrainId, Version, commitId, EventCount, HasWork, _lastTold is not null || HasWork != hadWork, now, _events.WrittenMemory) { Key = owner.Key, Told = _told };
    }

    /// <summary>The commit is durable; nobody reads its bytes any more.</summary>
    public void Succeed()
    {
        Buffers.GiveBack(_events);
        owner.Settle(this);
        _done.TrySetResult();
    }

    // The bytes are left to the collector: a store that did not answer may still look at them.
    public void Fail(Exception error)
    {
        owner.Break(error);
        _done.TrySetException(error);
        _ = _done.Task.Exception; // A command that nobody waits for must not count as an unobserved error.
    }

    private void Tell(object told)
    {
        if (_lastTold is null) _told = [];
        _lastTold = told;
        if (_told?.Count == ToldMax) _told = null;
        _told?.Add(told);
    }

    // What a commit needs for a moment is used by the next one. A grain that is idle owns none of it. The few that are hot write large commits one after
    // the other and find the large ones.
    private sealed class Buffers(int capacity, int capacityMax) : PooledObjectPolicy<ArrayBufferWriter<byte>>
    {
        private const int SmallBytes = 2 * 1024, SmallBytesMax = 16 * 1024, SmallKept = 2_048, LargeBytesMax = 1024 * 1024, LargeKept = 64;

        private static readonly DefaultObjectPool<ArrayBufferWriter<byte>> Small = new(new Buffers(SmallBytes, SmallBytesMax), SmallKept);
        private static readonly DefaultObjectPool<ArrayBufferWriter<byte>> Large = new(new Buffers(2 * SmallBytesMax, LargeBytesMax), LargeKept);

        public static ArrayBufferWriter<byte> Rent(int bytes) => (bytes <= SmallBytes ? Small : Large).Get();

        public static void GiveBack(ArrayBufferWriter<byte> buffer) => (buffer.Capacity <= SmallBytesMax ? Small : Large).Return(buffer);

        public override ArrayBufferWriter<byte> Create() => new(capacity);

        public override bool Return(ArrayBufferWriter<byte> obj)
        {
            obj.ResetWrittenCount();
            return obj.Capacity <= capacityMax;
        }
    }
}
