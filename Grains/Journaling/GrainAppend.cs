using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Shop.Journaling;

/// <summary>A commit in the making: events of one grain that wait for the writer. Events join until the writer takes it.</summary>
internal sealed class GrainAppend(GrainJournal owner)
{
    [ThreadStatic]
    private static Utf8JsonWriter? _json;

    private readonly ArrayBufferWriter<byte> _events = new(256);
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public GrainJournal Owner => owner;

    public int EventCount { get; private set; }

    public bool HasWork { get; set; }

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
        return new JournalCommit(owner.GrainId, Version, commitId, EventCount, HasWork, now, _events.WrittenMemory);
    }

    public void Succeed() => _done.TrySetResult();

    public void Fail(Exception error)
    {
        owner.Break(error);
        _done.TrySetException(error);
        _ = _done.Task.Exception; // A command that nobody waits for must not count as an unobserved error.
    }
}
