using System.Buffers;
using System.Data;
using System.Data.Common;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Shop.Journal;
using Shop.Journaling;

namespace Shop.Streams;

/// <summary>Projections in SQLite or PostgreSQL.</summary>
public sealed class AdoNetProjectionStore(ProjectionDatabase database) : IProjectionStore, IDisposable
{
    private const int AllPartitions = -1;
    internal const string Rows = "SELECT row_key, partition, payload FROM projection_row WHERE projection = @projection AND (@partition < 0 OR partition = @partition)";

    private const string MovePlace = """
        INSERT INTO projection_place (projection, partition, epoch, number, rules_version) VALUES (@projection, @partition, @epoch, @number, @rules)
        ON CONFLICT (projection, partition) DO UPDATE SET epoch = excluded.epoch, number = excluded.number
        WHERE projection_place.epoch = @fromEpoch AND projection_place.number = @fromNumber AND projection_place.rules_version = excluded.rules_version
        """;

    private const string UniqueViolation = "23505";

    private const string HasMoved = "EXISTS (SELECT FROM moved)";

    private const string ReplaceRow = "ON CONFLICT (projection, row_key, partition) DO UPDATE SET payload = excluded.payload";

    private const int BufferBytes = 64 * 1024, BufferBytesMax = 1024 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    private readonly ProjectionConnections _connections = new(database);

    /// <summary>Whether the database is SQLite; otherwise it is PostgreSQL.</summary>
    internal bool IsSqlite => database.IsSqlite;

    /// <inheritdoc/>
    public async Task<ProjectionPlace?> ReadPlaceAsync(string projection, int partition, CancellationToken cancellation) => (await QueryAsync(
        "SELECT epoch, number, rules_version FROM projection_place WHERE projection = @projection AND partition = @partition",
        r => new ProjectionPlace(new JournalPosition(r.GetInt64(0), r.GetInt64(1)), r.GetInt32(2)), cancellation, ("projection", projection), ("partition", partition))).SingleOrDefault();

    /// <inheritdoc/>
    public Task<IReadOnlyList<(string Projection, int Partition, JournalPosition Position)>> ReadPositionsAsync(CancellationToken cancellation) => QueryAsync(
        "SELECT projection, partition, epoch, number FROM projection_place ORDER BY projection, partition",
        r => (r.GetString(0), r.GetInt32(1), new JournalPosition(r.GetInt64(2), r.GetInt64(3))), cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ProjectionRow>> ReadKeysAsync(string projection, int? partition, IReadOnlyCollection<string> keys, CancellationToken cancellation) => keys.Count == 0
        ? Task.FromResult<IReadOnlyList<ProjectionRow>>([])
        : ReadRetry.ReadAsync(() => QueryOnceAsync(
            partition is null ? database.ConnectionString : database.ConsumerConnectionString, $"{database.ByKeys} ORDER BY row_key, partition", Row, cancellation,
            ("projection", projection), ("partition", partition ?? AllPartitions), ("keys", Keys(keys))));

    /// <inheritdoc/>
    public Task<IReadOnlyList<ProjectionRow>> ReadRangeAsync(string projection, int? partition, string from, string to, int limit, CancellationToken cancellation) =>
        QueryAsync($"{Rows} AND row_key >= @from AND row_key < @to ORDER BY row_key, partition LIMIT @limit", Row, cancellation,
            ("projection", projection), ("partition", partition ?? AllPartitions), ("from", from), ("to", to), ("limit", limit));

    /// <inheritdoc/>
    public Task CommitAsync(ProjectionCommit commit, CancellationToken cancellation) => !IsSqlite && commit is { Parked.Count: 0, Unparked: null } && commit.Rows.All(r => r.Payload is not null)
        ? CommitAtOnceAsync(commit, cancellation)
        : CommitInStepsAsync(commit, cancellation);

    // As nearly all commits are: the place moves and rows change, in one statement and one round trip instead of four. A new row costs half of one that is looked for first.
    private async Task CommitAtOnceAsync(ProjectionCommit commit, CancellationToken cancellation)
    {
        RowChange[] added = Ordered(commit.Rows.Where(r => r.IsNew)), written = Ordered(commit.Rows.Where(r => !r.IsNew));
        try
        {
            long moved = (await QueryOnceAsync(
                database.ConsumerConnectionString,
                $"""
                 WITH moved AS ({MovePlace} RETURNING 1),
                     added AS ({InsertRows("unnest(@newKeys, @newValues) AS r (k, v)", HasMoved)}),
                     written AS ({InsertRows(database.RowsOf, HasMoved)} {ReplaceRow})
                 SELECT count(*) FROM moved
                 """,
                r => r.GetInt64(0), cancellation,
                [("projection", commit.Projection), ("partition", commit.Partition), .. PlacesOf(commit), ("newKeys", KeysOf(added)), ("newValues", PayloadsOf(added)), .. ParametersOf(written)])).Single();
            if (moved != 1) throw new StaleProjectionException(commit.Projection, commit.Partition);
        }
        catch (DbException e) when (e.SqlState == UniqueViolation)
        {
            throw new StaleProjectionException(commit.Projection, commit.Partition, e);
        }
    }

    private Task CommitInStepsAsync(ProjectionCommit commit, CancellationToken cancellation) => ChangeAsync(commit.Projection, commit.Partition, async execute =>
    {
        if (await execute(MovePlace, PlacesOf(commit)) != 1) return false;
        RowChange[] written = Ordered(commit.Rows.Where(r => r.Payload is not null));
        string[] removed = [.. commit.Rows.Where(r => r.Payload is null).Select(r => r.Key)];
        // Without a condition SQLite takes the conflict for a part of what is selected.
        if (written.Length > 0) await execute($"{InsertRows(database.RowsOf, "true")} {ReplaceRow}", ParametersOf(written));
        if (removed.Length > 0)
            await execute($"DELETE FROM projection_row WHERE projection = @projection AND partition = @partition AND {database.HasKey}", [("keys", Keys(removed))]);
        foreach (ParkedEvent e in commit.Parked)
        {
            await execute(
                """
                INSERT INTO projection_parked (projection, partition, event_id, subject, event, error, parked_at) VALUES (@projection, @partition, @id, @subject, @event, @error, @at)
                ON CONFLICT (projection, event_id) DO NOTHING
                """,
                [("id", e.EventId), ("subject", e.Subject), ("event", e.Event), ("error", e.Error), ("at", e.ParkedAt.UtcTicks)]);
        }

        if (commit.Unparked is not null) await execute("DELETE FROM projection_parked WHERE projection = @projection AND event_id = @id", [("id", commit.Unparked)]);
        return true;
    }, cancellation);

    /// <inheritdoc/>
    public Task ReplaceAsync(string projection, int partition, JournalPosition at, string replacement, JournalPosition replacementAt, CancellationToken cancellation) =>
        ChangeAsync(projection, partition, async execute =>
        {
            int removed = await execute(
                "DELETE FROM projection_place WHERE projection = @projection AND partition = @partition AND epoch = @epoch AND number = @number", [("epoch", at.Epoch), ("number", at.Number)]);
            if (removed == 0 && at != JournalPosition.Start) return false;
            int renamed = await execute(
                "UPDATE projection_place SET projection = @projection WHERE projection = @replacement AND partition = @partition AND epoch = @epoch AND number = @number",
                [("replacement", replacement), ("epoch", replacementAt.Epoch), ("number", replacementAt.Number)]);
            if (renamed != 1) return false;
            foreach (string table in new[] { "projection_row", "projection_parked" })
            {
                await execute($"DELETE FROM {table} WHERE projection = @projection AND partition = @partition", []);
                await execute($"UPDATE {table} SET projection = @projection WHERE projection = @replacement AND partition = @partition", [("replacement", replacement)]);
            }

            return true;
        }, cancellation);

    /// <inheritdoc/>
    public Task DropAsync(string projection, int partition, CancellationToken cancellation) => ChangeAsync(projection, partition, async execute =>
    {
        foreach (string table in new[] { "projection_place", "projection_row", "projection_parked" })
            await execute($"DELETE FROM {table} WHERE projection = @projection AND partition = @partition", []);
        return true;
    }, cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ParkedEvent>> ReadParkedAsync(string? projection, int? partition, int limit, CancellationToken cancellation) => QueryAsync(
        """
        SELECT projection, partition, event_id, subject, event, error, parked_at FROM projection_parked
        WHERE (projection = @projection OR @projection = '') AND (partition = @partition OR @partition < 0) ORDER BY id LIMIT @limit
        """,
        r => new ParkedEvent(r.GetString(0), r.GetInt32(1), r.GetString(2), r.GetString(3), r.GetString(4), r.GetString(5), new DateTimeOffset(r.GetInt64(6), TimeSpan.Zero)),
        cancellation, ("projection", projection ?? ""), ("partition", partition ?? AllPartitions), ("limit", limit));

    /// <inheritdoc/>
    public Task RemoveRangeAsync(string projection, int partition, string from, string to, CancellationToken cancellation) => ChangeAsync(projection, partition, async execute =>
    {
        await execute("DELETE FROM projection_row WHERE projection = @projection AND partition = @partition AND row_key >= @from AND row_key < @to", [("from", from), ("to", to)]);
        return true;
    }, cancellation);

    /// <inheritdoc/>
    public void Dispose() => _connections.Dispose();

    /// <summary>Asks the tables something.</summary>
    internal Task<IReadOnlyList<T>> QueryAsync<T>(string sql, Func<DbDataReader, T> read, CancellationToken cancellation, params (string Name, object Value)[] parameters) =>
        ReadRetry.ReadAsync(() => QueryOnceAsync(database.ConnectionString, sql, read, cancellation, parameters));

    private async Task<IReadOnlyList<T>> QueryOnceAsync<T>(
        string connectionString, string sql, Func<DbDataReader, T> read, CancellationToken cancellation, params (string Name, object Value)[] parameters)
    {
        await using DbConnection connection = await _connections.OpenAsync(connectionString, cancellation);
        await using DbCommand command = Command(connection, sql, parameters);
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellation);
        List<T> found = [];
        while (await reader.ReadAsync(cancellation)) found.Add(read(reader));
        return found;
    }

    // Changes of one partition, all or, when they say that they do not fit, none.
    private async Task ChangeAsync(
        string projection, int partition, Func<Func<string, (string Name, object Value)[], Task<int>>, Task<bool>> change, CancellationToken cancellation)
    {
        await using DbConnection connection = await _connections.OpenAsync(database.ConsumerConnectionString, cancellation);
        await using DbTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation);
        bool fits = await change(async (sql, parameters) =>
        {
            await using DbCommand command = Command(connection, sql, [("projection", projection), ("partition", partition), .. parameters]);
            command.Transaction = transaction;
            return await command.ExecuteNonQueryAsync(cancellation);
        });
        if (!fits) throw new StaleProjectionException(projection, partition);
        await transaction.CommitAsync(cancellation);
    }

    private static string InsertRows(string rows, string when) =>
        $"INSERT INTO projection_row (projection, row_key, partition, payload) SELECT @projection, r.k, @partition, r.v FROM {rows} WHERE {when}";

    private static DbCommand Command(DbConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object value) in parameters)
        {
            DbParameter parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }

        return command;
    }

    private static (string Name, object Value)[] PlacesOf(ProjectionCommit commit) =>
        [("epoch", commit.To.Epoch), ("number", commit.To.Number), ("rules", commit.RulesVersion), ("fromEpoch", commit.From.Epoch), ("fromNumber", commit.From.Number)];

    // In the order of the index, so that neighbours are on the same pages.
    private static RowChange[] Ordered(IEnumerable<RowChange> rows) => [.. rows.OrderBy(r => r.Key, StringComparer.Ordinal)];

    private static string[] KeysOf(RowChange[] rows) => Array.ConvertAll(rows, r => r.Key);

    private static string?[] PayloadsOf(RowChange[] rows) => Array.ConvertAll(rows, r => r.Payload);

    private static ProjectionRow Row(DbDataReader reader) => new(reader.GetString(0), Convert.ToInt32(reader.GetValue(1), CultureInfo.InvariantCulture), reader.GetString(2));

    private (string Name, object Value)[] ParametersOf(RowChange[] rows) => IsSqlite
        ? [("rows", RowsJson(rows))]
        : [("keys", KeysOf(rows)), ("values", PayloadsOf(rows))];

    private static string RowsJson(RowChange[] rows) => Json(w =>
    {
        foreach (RowChange row in rows)
        {
            w.WriteStartObject();
            w.WriteString("k", row.Key);
            w.WriteString("v", row.Payload);
            w.WriteEndObject();
        }
    });

    private object Keys(IEnumerable<string> keys) => IsSqlite
        ? Json(w =>
        {
            foreach (string key in keys) w.WriteStringValue(key);
        })
        : keys.ToArray();

    private static string Json(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = _buffer ??= new ArrayBufferWriter<byte>(BufferBytes);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            write(writer);
            writer.WriteEndArray();
        }

        string json = Encoding.UTF8.GetString(buffer.WrittenSpan);
        if (buffer.Capacity > BufferBytesMax) _buffer = null;
        else buffer.ResetWrittenCount();
        return json;
    }
}
