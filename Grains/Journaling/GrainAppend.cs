using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.ObjectPool;

namespace Shop.Journaling;

/// <summary>A commit in the making: events of one grain that wait for the writer. Events join until the writer takes it.</summary>
internal sealed class GrainAppend(GrainJournal owner, bool hadWork)
{
    // A commit may have many, and keeping all of them until somebody reads costs more than making them again.
    private const int ToldMax = 8;

    [ThreadStatic]
    private static Utf8JsonWriter? _json;

    private readonly ArrayBufferWriter<byte> _events = Buffers.Shared.Get();
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
    public void Add<TEvent>(TEvent @event, Func<TEvent, object?, object?> tell, JsonTypeInfo<TEvent> type)
    {
        if (tell(@event, _lastTold) is { } told && !ReferenceEquals(told, _lastTold)) Tell(told);
        _events.Write(EventCount == 0 ? "["u8 : ","u8);
        Utf8JsonWriter json = _json ??= new Utf8JsonWriter(_events, new JsonWriterOptions { SkipValidation = true });
        json.Reset(_events);
        JsonSerializer.Serialize(json, @event, type);
        json.Flush();
        json.Reset(Stream.Null);
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

    private void Tell(object told)
    {
        if (_lastTold is null) _told = [];
        _lastTold = told;
        if (_told?.Count == ToldMax) _told = null;
        _told?.Add(told);
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
