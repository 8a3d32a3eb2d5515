using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.ObjectPool;

namespace Shop.Journaling;

/// <summary>A commit in the making: events of one grain that wait for the writer. Events join until the writer takes it.</summary>
internal sealed class GrainAppend(GrainJournal owner, bool hadWork)
{
    [ThreadStatic]
    private static Utf8JsonWriter? _json;

    private readonly ArrayBufferWriter<byte> _events = Buffers.Shared.Get();
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public GrainJournal Owner => owner;

    public int EventCount { get; private set; }

    public bool HasWork { get; set; }

    /// <summary>Whether the world is told of any of the events.</summary>
    public bool IsTold { get; set; }

    /// <summary>Whether the writer has it, or will take it.</summary>
    public bool IsQueued { get; set; }

    public long Version { get; set; }

    public Task Done => _done.Task;

    public int ByteCount => _events.WrittenCount;

    public void Add<TEvent>(TEvent @event, JsonTypeInfo<TEvent> type)
    {
        _events.Write(EventCount == 0 ? "["u8 : ","u8);
        Utf8JsonWriter json = _json ??= new Utf8JsonWriter(_events);
        json.Reset(_events);
        JsonSerializer.Serialize(json, @event, type);
        json.Flush();
        json.Reset(Stream.Null);
        EventCount++;
    }

    public JournalCommit ToCommit(Guid commitId, DateTimeOffset now)
    {
        _events.Write("]"u8);
        return new JournalCommit(owner.GrainId, Version, commitId, EventCount, HasWork, IsTold || HasWork != hadWork, now, _events.WrittenMemory);
    }

    /// <summary>The commit is durable; nobody reads its bytes any more.</summary>
    public void Succeed()
    {
        Buffers.Shared.Return(_events);
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

    // What a commit needs for a moment is used by the next one. A grain that is idle owns none of it.
    private sealed class Buffers : PooledObjectPolicy<ArrayBufferWriter<byte>>
    {
        private const int CapacityAtFirst = 2 * 1024, CapacityMax = 64 * 1024, KeptMax = 2_048;

        public static ObjectPool<ArrayBufferWriter<byte>> Shared { get; } = new DefaultObjectPool<ArrayBufferWriter<byte>>(new Buffers(), KeptMax);

        public override ArrayBufferWriter<byte> Create() => new(CapacityAtFirst);

        public override bool Return(ArrayBufferWriter<byte> obj)
        {
            obj.ResetWrittenCount();
            return obj.Capacity <= CapacityMax;
        }
    }
}
