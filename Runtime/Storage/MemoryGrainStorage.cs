using System.Collections.Concurrent;
using System.Text.Json;
using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>Keeps states in the memory of this process, as JSON, so that nothing mutable is shared. For tests.</summary>
internal sealed class MemoryGrainStorage : IGrainStorage
{
    private readonly ConcurrentDictionary<(GrainId, string), (byte[] Json, string ETag)> _records = new();
    private readonly Lock _lock = new();
    private long _version;

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (_records.TryGetValue((grainId, stateName), out (byte[] Json, string ETag) record))
        {
            grainState.State = JsonSerializer.Deserialize<T>(record.Json)!;
            grainState.ETag = record.ETag;
            grainState.RecordExists = true;
        }
        else
        {
            grainState.State = Activator.CreateInstance<T>();
            grainState.ETag = null;
            grainState.RecordExists = false;
        }

        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(grainState.State);
        lock (_lock)
        {
            Check((grainId, stateName), grainState.ETag);
            string tag = (++_version).ToString(System.Globalization.CultureInfo.InvariantCulture);
            _records[(grainId, stateName)] = (json, tag);
            grainState.ETag = tag;
            grainState.RecordExists = true;
        }

        return Task.CompletedTask;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        lock (_lock)
        {
            Check((grainId, stateName), grainState.ETag);
            _records.TryRemove((grainId, stateName), out _);
            grainState.State = Activator.CreateInstance<T>();
            grainState.ETag = null;
            grainState.RecordExists = false;
        }

        return Task.CompletedTask;
    }

    private void Check((GrainId GrainId, string Name) key, string? expected)
    {
        string? actual = _records.TryGetValue(key, out (byte[] Json, string ETag) record) ? record.ETag : null;
        if (actual != expected) throw new InconsistentStateException($"State '{key.Name}' of {key.GrainId} has version {actual ?? "none"}, not {expected ?? "none"}.");
    }
}
