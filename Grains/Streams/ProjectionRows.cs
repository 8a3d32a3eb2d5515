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

    // Most rows are asked for once in a while; kept, they would only be in the collector's way. Those that are asked for again and again stay.
    private Dictionary<string, Row> _rows = [];

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
        string[] unknown = [.. keys.Where(k => !_rows.ContainsKey(k)).Distinct()];
        if (unknown.Length == 0) return;
        Dictionary<string, string> payloads = (await _store.ReadKeysAsync(_projection, _partition, unknown, CancellationToken.None)).ToDictionary(r => r.Key, r => r.Payload);
        foreach (string key in unknown) _rows.Add(key, new Row(key, payloads.GetValueOrDefault(key)));
    }

    internal int ChangedCount => _changed.Count;

    internal IReadOnlyCollection<RowChange> Changes() => [.. _changed.Select(r => new RowChange(r.Key, r.Payload ?? r.ToJson(), !r.IsStored))];

    /// <summary>
    /// Keeps rows that were asked for once as what will be written. Until it is they will hardly be asked for again, and a text lives more cheaply
    /// than the dozen objects that it is made of.
    /// </summary>
    internal void Fold()
    {
        foreach (Row row in _changed)
            if (row is { Uses: <= 1, Value: not null }) (row.Payload, row.Value) = (row.ToJson(), null);
    }

    internal void Committed()
    {
        foreach (Row row in _changed) row.IsStored = row.Payload is not null || row.Value is not null;
        _changed.Clear();
        if (_store is null) return;
        // What was asked for once is worth nothing by now, what was asked for often stays for longer.
        foreach (Row row in _rows.Values) row.Uses /= 2;
        _rows = _rows.Where(r => r.Value.Uses > 0).Take(_rowsMax).ToDictionary();
    }

    private async ValueTask<Row> FindAsync<T>(string key, JsonTypeInfo<T> type)
        where T : class
    {
        if (!_rows.TryGetValue(key, out Row? row)) _rows.Add(key, row = new Row(key, await ReadAsync(key)));
        row.Uses++;
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

    private sealed class Row(string key, string? stored)
    {
        public string Key => key;

        /// <summary>Whether the store has it.</summary>
        public bool IsStored { get; set; } = stored is not null;

        /// <summary>How often it was asked for, of which older times count less.</summary>
        public int Uses { get; set; }

        public JsonTypeInfo? Type { get; set; }

        /// <summary>The row as JSON while nobody asks for it.</summary>
        public string? Payload { get; set; } = stored;

        /// <summary>The row while it is asked for; when it has no JSON either there is none.</summary>
        public object? Value { get; set; }

        public string? ToJson() => Value is null ? null : JsonSerializer.Serialize(Value, Type!);
    }
}
