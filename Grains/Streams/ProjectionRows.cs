using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Shop.Streams;

/// <summary>
/// The rows of one partition of a projection, as its rules see them: read when they are first asked for, kept in memory within
/// a limit, and written together with the position.
/// </summary>
public sealed class ProjectionRows
{
    private readonly IProjectionStore? _store;
    private readonly string _projection;
    private readonly int _partition;
    private readonly int _rowsMax;
    private readonly HashSet<Row> _changed = [];

    // Rows that were asked for since the last change of generations, and those that were before: whoever is not asked for in a whole generation goes.
    // No order of use is kept, which would touch the neighbours of every row, and what is touched the collector has to look at.
    private Dictionary<string, Row> _recent = [];
    private Dictionary<string, Row> _older = [];

    /// <summary>Rows without a store: everything that rules make of events, for a recount.</summary>
    internal ProjectionRows() : this(null, "", 0, int.MaxValue)
    {
    }

    internal ProjectionRows(IProjectionStore? store, string projection, int partition, int rowsMax) =>
        (_store, _projection, _partition, _rowsMax) = (store, projection, partition, rowsMax);

    /// <summary>The row under a key, to be changed in place; a new one when there is none.</summary>
    public async ValueTask<T> ChangeAsync<T>(string key, JsonTypeInfo<T> type)
        where T : class, new()
    {
        Row row = await FindAsync(key, type);
        _changed.Add(row);
        return (T)(row.Value ??= new T());
    }

    /// <summary>Removes the row under a key.</summary>
    public async ValueTask RemoveAsync<T>(string key, JsonTypeInfo<T> type)
        where T : class
    {
        Row row = await FindAsync(key, type);
        row.Value = null;
        _changed.Add(row);
    }

    /// <summary>Reads rows that will be asked for, in one go.</summary>
    internal async ValueTask PrepareAsync(IEnumerable<string> keys)
    {
        if (_store is null) return;
        string[] unknown = [.. keys.Where(k => Known(k) is null).Distinct()];
        if (unknown.Length == 0) return;
        Dictionary<string, string> payloads = (await _store.ReadKeysAsync(_projection, _partition, unknown, CancellationToken.None)).ToDictionary(r => r.Key, r => r.Payload);
        foreach (string key in unknown) _recent.Add(key, new Row(key) { Payload = payloads.GetValueOrDefault(key) });
    }

    internal int ChangedCount => _changed.Count;

    internal IReadOnlyCollection<KeyValuePair<string, string?>> Changes() =>
        [.. _changed.Select(r => KeyValuePair.Create(r.Key, r.Value is null ? null : JsonSerializer.Serialize(r.Value, r.Type!)))];

    internal void Committed()
    {
        _changed.Clear();
        if (_recent.Count > _rowsMax / 2) (_older, _recent) = (_recent, []);
    }

    private Row? Known(string key)
    {
        if (_recent.TryGetValue(key, out Row? row)) return row;
        if (_older.Remove(key, out row)) _recent.Add(key, row);
        return row;
    }

    private async ValueTask<Row> FindAsync<T>(string key, JsonTypeInfo<T> type)
        where T : class
    {
        if (Known(key) is not { } row) _recent.Add(key, row = new Row(key) { Payload = await ReadAsync(key) });
        row.Type = type;
        if (row.Payload is not null) (row.Value, row.Payload) = (JsonSerializer.Deserialize(row.Payload, type), null);
        return row;
    }

    private async ValueTask<string?> ReadAsync(string key)
    {
        if (_store is null) return null;
        try
        {
            return (await _store.ReadKeysAsync(_projection, _partition, [key], CancellationToken.None)).SingleOrDefault()?.Payload;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new ProjectionUnavailableException(e);
        }
    }

    private sealed class Row(string key)
    {
        public string Key => key;

        public JsonTypeInfo? Type { get; set; }

        /// <summary>What was read and nobody has asked for yet.</summary>
        public string? Payload { get; set; }

        public object? Value { get; set; }
    }
}
