using System.Data;
using System.Data.Common;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Shop.Journaling;

namespace Shop.Streams;

/// <summary>What differs between the databases that projections are kept in.</summary>
/// <param name="Invariant">The name of the ADO.NET provider.</param>
/// <param name="ConnectionString">How the database is reached. It need not flush every commit.</param>
/// <param name="Collation">What makes keys compare byte by byte.</param>
/// <param name="RowsOf">The rows <c>k</c> and <c>v</c> of the JSON array <c>@rows</c>.</param>
/// <param name="KeysOf">The rows <c>k</c> of the JSON array <c>@keys</c>.</param>
public sealed record ProjectionDatabase(string Invariant, string ConnectionString, string Collation, string RowsOf, string KeysOf)
{
    /// <summary>PostgreSQL.</summary>
    public static ProjectionDatabase PostgreSql(string connectionString) => new(
        "Npgsql", connectionString, "COLLATE \"C\"",
        "(SELECT e->>'k' AS k, e->>'v' AS v FROM json_array_elements(@rows::json) AS e) AS r",
        "(SELECT json_array_elements_text(@keys::json) AS k) AS q");

    /// <summary>SQLite.</summary>
    public static ProjectionDatabase Sqlite(string connectionString) => new(
        "Microsoft.Data.Sqlite", connectionString, "",
        "(SELECT json_extract(value, '$.k') AS k, json_extract(value, '$.v') AS v FROM json_each(@rows)) AS r",
        "(SELECT value AS k FROM json_each(@keys)) AS q");
}

/// <summary>Projections in SQLite or PostgreSQL.</summary>
public sealed class AdoNetProjectionStore(ProjectionDatabase database) : IProjectionStore, IDisposable
{
    private const long SchemaLock = 0x53686F7050726F6A;

    // The rows of the search projection are indexed by the database itself, whoever changes them.
    private const string SqliteSearch = """
        CREATE VIRTUAL TABLE IF NOT EXISTS product_search USING fts5(row_key UNINDEXED, title, skus, description, partition UNINDEXED, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
        CREATE TRIGGER IF NOT EXISTS product_search_added AFTER INSERT ON projection_row WHEN new.projection = 'search.1' BEGIN
            INSERT INTO product_search (row_key, title, skus, description, partition)
            VALUES (new.row_key, json_extract(new.payload, '$.title'), json_extract(new.payload, '$.skus'), json_extract(new.payload, '$.description'), new.partition);
        END;
        CREATE TRIGGER IF NOT EXISTS product_search_changed AFTER UPDATE ON projection_row WHEN new.projection = 'search.1' BEGIN
            DELETE FROM product_search WHERE row_key = old.row_key AND partition = old.partition;
            INSERT INTO product_search (row_key, title, skus, description, partition)
            VALUES (new.row_key, json_extract(new.payload, '$.title'), json_extract(new.payload, '$.skus'), json_extract(new.payload, '$.description'), new.partition);
        END;
        CREATE TRIGGER IF NOT EXISTS product_search_removed AFTER DELETE ON projection_row WHEN old.projection = 'search.1' BEGIN
            DELETE FROM product_search WHERE row_key = old.row_key AND partition = old.partition;
        END;
        """;

    private const string PostgreSqlSearch = """
        CREATE OR REPLACE FUNCTION product_search_vector(payload text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
            $$ SELECT setweight(to_tsvector('simple', payload::json->>'title'), 'A') || setweight(to_tsvector('simple', payload::json->>'skus'), 'B')
                   || setweight(to_tsvector('simple', payload::json->>'description'), 'C') $$;
        CREATE INDEX IF NOT EXISTS product_search ON projection_row USING gin (product_search_vector(payload)) WHERE projection = 'search.1';
        """;

    private readonly DbProviderFactory _factory = DbProviderFactories.GetFactory(database.Invariant);
    private readonly SemaphoreSlim _creating = new(1);
    private volatile bool _isCreated;

    /// <summary>Whether the database is SQLite; otherwise it is PostgreSQL.</summary>
    internal bool IsSqlite => database.Invariant == "Microsoft.Data.Sqlite";

    /// <inheritdoc/>
    public async Task<JournalPosition> ReadPositionAsync(string projection, int partition, CancellationToken cancellation)
    {
        await using DbConnection connection = await OpenAsync(cancellation);
        await using DbCommand command = Command(connection,
            "SELECT epoch, number FROM projection_position WHERE projection = @projection AND partition = @partition", ("projection", projection), ("partition", partition));
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? new JournalPosition(reader.GetInt64(0), reader.GetInt64(1)) : JournalPosition.Start;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<(string Projection, int Partition, JournalPosition Position)>> ReadPositionsAsync(CancellationToken cancellation)
    {
        await using DbConnection connection = await OpenAsync(cancellation);
        await using DbCommand command = Command(connection, "SELECT projection, partition, epoch, number FROM projection_position ORDER BY projection, partition");
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellation);
        List<(string, int, JournalPosition)> found = [];
        while (await reader.ReadAsync(cancellation)) found.Add((reader.GetString(0), reader.GetInt32(1), new JournalPosition(reader.GetInt64(2), reader.GetInt64(3))));
        return found;
    }

    /// <inheritdoc/>
    public async Task<string?> ReadRowAsync(string projection, int partition, string key, CancellationToken cancellation)
    {
        await using DbConnection connection = await OpenAsync(cancellation);
        await using DbCommand command = Command(connection,
            "SELECT payload FROM projection_row WHERE projection = @projection AND row_key = @key AND partition = @partition",
            ("projection", projection), ("key", key), ("partition", partition));
        return await command.ExecuteScalarAsync(cancellation) as string;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ProjectionRow>> ReadKeysAsync(string projection, int partition, IReadOnlyCollection<string> keys, CancellationToken cancellation) => keys.Count == 0
        ? Task.FromResult<IReadOnlyList<ProjectionRow>>([])
        : ReadRowsAsync(
            $"SELECT row_key, partition, payload FROM projection_row WHERE projection = @projection AND partition = @partition AND row_key IN (SELECT k FROM {database.KeysOf})",
            cancellation, ("projection", projection), ("partition", partition), ("keys", Keys(keys)));

    /// <inheritdoc/>
    public Task<IReadOnlyList<ProjectionRow>> ReadKeysAsync(string projection, IReadOnlyCollection<string> keys, CancellationToken cancellation) => keys.Count == 0
        ? Task.FromResult<IReadOnlyList<ProjectionRow>>([])
        : ReadRowsAsync(
            $"SELECT row_key, partition, payload FROM projection_row WHERE projection = @projection AND row_key IN (SELECT k FROM {database.KeysOf}) ORDER BY row_key, partition",
            cancellation, ("projection", projection), ("keys", Keys(keys)));

    /// <inheritdoc/>
    public Task<IReadOnlyList<ProjectionRow>> ReadRangeAsync(string projection, string from, string to, int limit, CancellationToken cancellation) => ReadRowsAsync(
        "SELECT row_key, partition, payload FROM projection_row WHERE projection = @projection AND row_key >= @from AND row_key < @to ORDER BY row_key, partition LIMIT @limit",
        cancellation, ("projection", projection), ("from", from), ("to", to), ("limit", limit));

    /// <inheritdoc/>
    public async Task CommitAsync(
        string projection, int partition, JournalPosition from, JournalPosition to, IReadOnlyCollection<KeyValuePair<string, string?>> rows, IReadOnlyCollection<ParkedEvent> parked,
        IReadOnlyCollection<string> unparked, CancellationToken cancellation)
    {
        await using DbConnection connection = await OpenAsync(cancellation);
        await using DbTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation);
        async Task<int> Execute(string sql, params (string Name, object Value)[] parameters)
        {
            await using DbCommand command = Command(connection, sql, parameters);
            command.Transaction = transaction;
            return await command.ExecuteNonQueryAsync(cancellation);
        }

        int moved = await Execute(
            """
            INSERT INTO projection_position (projection, partition, epoch, number) VALUES (@projection, @partition, @epoch, @number)
            ON CONFLICT (projection, partition) DO UPDATE SET epoch = excluded.epoch, number = excluded.number
            WHERE projection_position.epoch = @fromEpoch AND projection_position.number = @fromNumber
            """,
            ("projection", projection), ("partition", partition), ("epoch", to.Epoch), ("number", to.Number), ("fromEpoch", from.Epoch), ("fromNumber", from.Number));
        if (moved != 1) throw new StaleProjectionException(projection, partition);
        KeyValuePair<string, string?>[] written = [.. rows.Where(r => r.Value is not null)];
        if (written.Length > 0)
        {
            await Execute(
                $"""
                 INSERT INTO projection_row (projection, row_key, partition, payload) SELECT @projection, r.k, @partition, r.v FROM {database.RowsOf} WHERE true
                 ON CONFLICT (projection, row_key, partition) DO UPDATE SET payload = excluded.payload
                 """,
                ("projection", projection), ("partition", partition), ("rows", Rows(written)));
        }

        foreach ((string key, _) in rows.Where(r => r.Value is null))
            await Execute("DELETE FROM projection_row WHERE projection = @projection AND row_key = @key AND partition = @partition", ("projection", projection), ("key", key), ("partition", partition));
        foreach (ParkedEvent e in parked)
        {
            await Execute(
                """
                INSERT INTO projection_parked (projection, partition, event_id, subject, event, error, parked_at) VALUES (@projection, @partition, @id, @subject, @event, @error, @at)
                ON CONFLICT (projection, event_id) DO NOTHING
                """,
                ("projection", projection), ("partition", partition), ("id", e.EventId), ("subject", e.Subject), ("event", e.Event), ("error", e.Error), ("at", e.ParkedAt.UtcTicks));
        }

        foreach (string id in unparked)
            await Execute("DELETE FROM projection_parked WHERE projection = @projection AND event_id = @id", ("projection", projection), ("id", id));
        await transaction.CommitAsync(cancellation);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ParkedEvent>> ReadParkedAsync(string? projection, int limit, CancellationToken cancellation)
    {
        await using DbConnection connection = await OpenAsync(cancellation);
        await using DbCommand command = Command(connection,
            "SELECT projection, partition, event_id, subject, event, error, parked_at FROM projection_parked WHERE projection = @projection OR @projection = '' ORDER BY id LIMIT @limit",
            ("projection", projection ?? ""), ("limit", limit));
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellation);
        List<ParkedEvent> found = [];
        while (await reader.ReadAsync(cancellation))
        {
            found.Add(new ParkedEvent(
                reader.GetString(0), reader.GetInt32(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5),
                new DateTimeOffset(reader.GetInt64(6), TimeSpan.Zero)));
        }

        return found;
    }

    /// <inheritdoc/>
    public async Task DropAsync(string projection, CancellationToken cancellation)
    {
        await using DbConnection connection = await OpenAsync(cancellation);
        await using DbTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        foreach (string table in new[] { "projection_row", "projection_parked", "projection_position" })
        {
            await using DbCommand command = Command(connection, $"DELETE FROM {table} WHERE projection = @projection", ("projection", projection));
            command.Transaction = transaction;
            await command.ExecuteNonQueryAsync(cancellation);
        }

        await transaction.CommitAsync(cancellation);
    }

    /// <inheritdoc/>
    public void Dispose() => _creating.Dispose();

    /// <summary>Asks the tables something that only one reader asks.</summary>
    internal async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, Func<DbDataReader, T> read, CancellationToken cancellation, params (string Name, object Value)[] parameters)
    {
        await using DbConnection connection = await OpenAsync(cancellation);
        await using DbCommand command = Command(connection, sql, parameters);
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellation);
        List<T> found = [];
        while (await reader.ReadAsync(cancellation)) found.Add(read(reader));
        return found;
    }

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

    private static string Rows(IEnumerable<KeyValuePair<string, string?>> rows) => Json(w =>
    {
        foreach ((string key, string? value) in rows)
        {
            w.WriteStartObject();
            w.WriteString("k", key);
            w.WriteString("v", value);
            w.WriteEndObject();
        }
    });

    private static string Keys(IEnumerable<string> keys) => Json(w =>
    {
        foreach (string key in keys) w.WriteStringValue(key);
    });

    private static string Json(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            write(writer);
            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private async Task<IReadOnlyList<ProjectionRow>> ReadRowsAsync(string sql, CancellationToken cancellation, params (string Name, object Value)[] parameters)
    {
        await using DbConnection connection = await OpenAsync(cancellation);
        await using DbCommand command = Command(connection, sql, parameters);
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellation);
        List<ProjectionRow> found = [];
        while (await reader.ReadAsync(cancellation)) found.Add(new ProjectionRow(reader.GetString(0), Convert.ToInt32(reader.GetValue(1), CultureInfo.InvariantCulture), reader.GetString(2)));
        return found;
    }

    private async Task<DbConnection> OpenAsync(CancellationToken cancellation)
    {
        DbConnection connection = _factory.CreateConnection()!;
        try
        {
            connection.ConnectionString = database.ConnectionString;
            await connection.OpenAsync(cancellation);
            if (IsSqlite) await Command(connection, "PRAGMA synchronous = NORMAL").ExecuteNonQueryAsync(cancellation);
            if (!_isCreated) await CreateAsync(connection, cancellation);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task CreateAsync(DbConnection connection, CancellationToken cancellation)
    {
        await _creating.WaitAsync(cancellation);
        try
        {
            if (_isCreated) return;
            await using DbCommand command = Command(connection, Schema());
            try
            {
                await command.ExecuteNonQueryAsync(cancellation);
            }
            catch (DbException)
            {
                // Two silos that create the same table at once: one of them loses, and finds the table there.
                await command.ExecuteNonQueryAsync(cancellation);
            }

            _isCreated = true;
        }
        finally
        {
            _creating.Release();
        }
    }

    private string Schema()
    {
        string id = IsSqlite ? "INTEGER PRIMARY KEY AUTOINCREMENT" : "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY";
        return $"""
            {(IsSqlite ? "PRAGMA journal_mode = WAL;" : $"SELECT pg_advisory_xact_lock({SchemaLock});")}
            CREATE TABLE IF NOT EXISTS projection_position (
                projection text NOT NULL, partition int NOT NULL, epoch bigint NOT NULL, number bigint NOT NULL, PRIMARY KEY (projection, partition));
            CREATE TABLE IF NOT EXISTS projection_row (
                projection text NOT NULL, row_key text {database.Collation} NOT NULL, partition int NOT NULL, payload text NOT NULL, PRIMARY KEY (projection, row_key, partition));
            CREATE TABLE IF NOT EXISTS projection_parked (
                id {id}, projection text NOT NULL, partition int NOT NULL, event_id text NOT NULL, subject text NOT NULL, event text NOT NULL, error text NOT NULL,
                parked_at bigint NOT NULL, UNIQUE (projection, event_id));
            {(IsSqlite ? SqliteSearch : PostgreSqlSearch)}
            """;
    }
}
