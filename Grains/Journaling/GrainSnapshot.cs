using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Shop.Journaling;

/// <summary>A state at a version, kept so that activation need not read every event.</summary>
public sealed class GrainSnapshot
{
    // Small states can be read in the store by people, and by older software, which takes a packed one for none and reads every event instead.
    private const int PlainBytesMax = 64 * 1024;

    /// <summary>The version of the newest commit in it; 0 for none.</summary>
    public long CommitVersion { get; set; }

    /// <summary>The number of events in it.</summary>
    public long EventCount { get; set; }

    /// <summary>The state as JSON in UTF-8; null when it is large.</summary>
    [JsonConverter(typeof(RawJsonConverter))]
    public byte[]? State { get; set; }

    /// <summary>The state as <see cref="PackedJson"/>; null when it is small.</summary>
    public byte[]? Packed { get; set; }

    /// <summary>Takes a snapshot of a state; says as well how long its JSON is in bytes.</summary>
    internal static (GrainSnapshot Taken, long JsonLength) Take<T>(T state, JsonTypeInfo<T> type, long commitVersion, long eventCount)
    {
        (byte[] packed, long length) = PackedJson.Pack(state, type);
        var taken = new GrainSnapshot { CommitVersion = commitVersion, EventCount = eventCount };
        if (length > PlainBytesMax) taken.Packed = packed;
        else taken.State = JsonSerializer.SerializeToUtf8Bytes(state, type);
        return (taken, length);
    }

    /// <summary>The state that it is of; null when it is of none.</summary>
    internal T? Open<T>(JsonTypeInfo<T> type)
        where T : class => Packed is not null ? PackedJson.Unpack(Packed, type) : State is not null ? JsonSerializer.Deserialize(State, type) : null;
}
