using System.Globalization;
using Microsoft.Data.Sqlite;
using Shop.Journaling;

namespace Shop.Journal;

/// <summary>
/// The journal in one SQLite file, write-ahead logged and flushed at every commit. There is one writer at a time, so rows
/// become visible in the order of their numbers and a partition needs no more than that order.
/// </summary>
public sealed class SqliteJournalStore : IJournalStore, IDisposable
{
    // Each entry is one version of the schema; what was released is never changed, only added to.
    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE journal (
            number      INTEGER PRIMARY KEY AUTOINCREMENT,
            grain_id    TEXT    NOT NULL,
            version     INTEGER NOT NULL,
            partition   INTEGER NOT NULL,
            commit_id   BLOB    NOT NULL,
            event_count INTEGER NOT NULL,
            has_work    INTEGER NOT NULL,
            recorded_at INTEGER NOT NULL,
            events      BLOB    NOT NULL,
            UNIQUE (grain_id, version));
        CREATE INDEX journal_partition ON journal (partition, number);
        CREATE TABLE journal_checkpoint (
            consumer  TEXT    NOT NULL,
            partition INTEGER NOT NULL,
            number    INTEGER NOT NULL,
            PRIMARY KEY (consumer, partition));
        """,
    ];

    private const string Columns = "number, grain_id, version, commit_id, event_count, has_work, partition, recorded_at, events";

    // What is looked through for the newest grains of a type.
    private const int LatestCommits = 50_000;

    private readonly string _connectionString;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private SqliteConnection? _writer;
    private SqliteCommand? _insert;

    static SqliteJournalStore() => SQLitePCL.Batteries_V2.Init();

    /// <summary>Creates a store over a file that need not exist.</summary>
    public SqliteJournalStore(string connectionString) => _connectionString = connectionString;

    /// <inheritdoc/>
    public async Task EnsureSchemaAsync(CancellationToken cancellation)
    {
        string file = new SqliteConnectionStringBuilder(_connectionString).DataSource;
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } directory) Directory.CreateDirectory(directory);
        await using SqliteConnection connection = await OpenAsync(cancellation);
        await ExecuteAsync(connection, "PRAGMA journal_mode = WAL", cancellation);
        await using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        await using SqliteCommand query = connection.CreateCommand();
        query.CommandText = "PRAGMA user_version";
        int version = Convert.ToInt32(await query.ExecuteScalarAsync(cancellation), CultureInfo.InvariantCulture);
        if (version > Migrations.Length) throw new InvalidOperationException($"The journal has schema version {version}; this program knows versions up to {Migrations.Length}. Run a newer one.");
        for (; version < Migrations.Length; version++)
        {
            await ExecuteAsync(connection, Migrations[version], cancellation);
            await ExecuteAsync(connection, $"PRAGMA user_version = {version + 1}", cancellation);
        }

        await transaction.CommitAsync(cancellation);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<JournalCommit> commits, CancellationToken cancellation)
    {
        await _writing.WaitAsync(cancellation);
        try
        {
            return Append(commits);
        }
        catch
        {
            CloseWriter();
            throw;
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<JournalCommit>> ReadGrainAsync(string grainId, long afterVersion, int limit, CancellationToken cancellation)
    {
        IReadOnlyList<PositionedCommit> found = await ReadAsync(
            $"SELECT {Columns} FROM journal WHERE grain_id = @grain AND version > @version ORDER BY version LIMIT @limit",
            cancellation, ("grain", grainId), ("version", afterVersion), ("limit", limit));
        return [.. found.Select(f => f.Commit)];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<JournalCommit>> ReadTailAsync(string grainId, int limit, CancellationToken cancellation)
    {
        IReadOnlyList<PositionedCommit> found = await ReadAsync(
            $"SELECT {Columns} FROM journal WHERE grain_id = @grain ORDER BY version DESC LIMIT @limit", cancellation, ("grain", grainId), ("limit", limit));
        return [.. found.Select(f => f.Commit).Reverse()];
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<PositionedCommit>> ReadPartitionAsync(
        int partition, JournalPosition after, int limit, CancellationToken cancellation, IReadOnlySet<CommitIdentity>? known = null) =>
        ReadAsync($"SELECT {Columns} FROM journal WHERE partition = @partition AND number > @number ORDER BY number LIMIT @limit",
            known, cancellation, ("partition", partition), ("number", after.Number), ("limit", limit));

    /// <inheritdoc/>
    public async Task<JournalPosition> ReadEndAsync(int partition, CancellationToken cancellation)
    {
        await using SqliteConnection connection = await OpenAsync(cancellation);
        await using SqliteCommand command = Command(connection, "SELECT max(number) FROM journal WHERE partition = @partition", ("partition", partition));
        return await command.ExecuteScalarAsync(cancellation) is long number ? new JournalPosition(0, number) : JournalPosition.Start;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<JournalCommit>> ReadTypeAsync(string grainType, string? afterGrainId, long afterVersion, int limit, CancellationToken cancellation)
    {
        IReadOnlyList<PositionedCommit> found = await ReadAsync(
            $"""
             SELECT {Columns} FROM journal WHERE grain_id >= @from AND grain_id < @to AND (grain_id, version) > (@after, @version)
             ORDER BY grain_id, version LIMIT @limit
             """,
            cancellation, ("from", grainType + "/"), ("to", grainType + "0"), ("after", afterGrainId ?? ""), ("version", afterVersion), ("limit", limit));
        return [.. found.Select(f => f.Commit)];
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> ReadIdsAsync(string grainType, string? afterGrainId, int limit, CancellationToken cancellation) => ReadIdsAsync(
        "SELECT grain_id FROM journal WHERE grain_id > @after AND grain_id < @to AND version = 1 ORDER BY grain_id LIMIT @limit",
        cancellation, ("after", afterGrainId ?? grainType + "/"), ("to", grainType + "0"), ("limit", limit));

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> ReadNewestIdsAsync(string grainType, int limit, CancellationToken cancellation) => ReadIdsAsync(
        """
        SELECT grain_id FROM (SELECT grain_id, version, number FROM journal ORDER BY number DESC LIMIT @latest)
        WHERE version = 1 AND grain_id > @from AND grain_id < @to ORDER BY number DESC LIMIT @limit
        """,
        cancellation, ("latest", LatestCommits), ("from", grainType + "/"), ("to", grainType + "0"), ("limit", limit));

    /// <inheritdoc/>
    public async Task PingAsync(CancellationToken cancellation)
    {
        // Begins to write, because a disk that is full can still be read.
        await using SqliteConnection connection = await OpenAsync(cancellation);
        await using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        await ExecuteAsync(connection, "DELETE FROM journal_checkpoint WHERE consumer = ''", cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        CloseWriter();
        _writing.Dispose();
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object value) in parameters) command.Parameters.AddWithValue("@" + name, value);
        return command;
    }

    private static async Task ExecuteAsync(SqliteConnection connection, string sql, CancellationToken cancellation)
    {
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private bool[] Append(IReadOnlyList<JournalCommit> commits)
    {
        _writer ??= OpenWriter();
        var added = new bool[commits.Count];
        // Not a transaction object: SQLite rolls back by itself when the disk is full, and the object fails over that for ever.
        Execute("BEGIN IMMEDIATE");
        for (int i = 0; i < commits.Count; i++)
        {
            JournalCommit commit = commits[i];
            SqliteParameterCollection p = _insert!.Parameters;
            p["@grain"].Value = commit.GrainId;
            p["@version"].Value = commit.Version;
            p["@partition"].Value = commit.Partition;
            p["@commit"].Value = commit.CommitId.ToByteArray();
            p["@count"].Value = commit.EventCount;
            p["@work"].Value = commit.HasWork ? 1 : 0;
            p["@at"].Value = commit.RecordedAt.UtcTicks;
            p["@events"].Value = commit.Events.ToArray();
            added[i] = _insert.ExecuteNonQuery() == 1 || WasAdded(commit);
        }

        Execute("COMMIT");
        return added;
    }

    private void Execute(string sql)
    {
        using SqliteCommand command = Command(_writer!, sql);
        command.ExecuteNonQuery();
    }

    private bool WasAdded(JournalCommit commit)
    {
        using SqliteCommand query = Command(_writer!, "SELECT commit_id FROM journal WHERE grain_id = @grain AND version = @version",
            ("grain", commit.GrainId), ("version", commit.Version));
        return query.ExecuteScalar() is byte[] id && new Guid(id) == commit.CommitId;
    }

    private SqliteConnection OpenWriter()
    {
        // Not pooled: closing it ends whatever it was in the middle of.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder(_connectionString) { Pooling = false }.ToString());
        connection.Open();
        using (SqliteCommand pragma = connection.CreateCommand())
        {
            pragma.CommandText = "PRAGMA synchronous = FULL";
            pragma.ExecuteNonQuery();
        }

        _insert = connection.CreateCommand();
        _insert.CommandText = """
            INSERT INTO journal (grain_id, version, partition, commit_id, event_count, has_work, recorded_at, events)
            SELECT @grain, @version, @partition, @commit, @count, @work, @at, @events
            WHERE @version = 1 OR EXISTS (SELECT 1 FROM journal WHERE grain_id = @grain AND version = @version - 1)
            ON CONFLICT (grain_id, version) DO NOTHING
            """;
        foreach (string name in new[] { "@grain", "@version", "@partition", "@commit", "@count", "@work", "@at", "@events" }) _insert.Parameters.AddWithValue(name, 0);
        return connection;
    }

    private void CloseWriter()
    {
        _insert?.Dispose();
        _writer?.Dispose();
        (_insert, _writer) = (null, null);
    }

    private async Task<SqliteConnection> OpenAsync(CancellationToken cancellation)
    {
        var connection = new SqliteConnection(_connectionString);
        await connection.OpenAsync(cancellation);
        return connection;
    }

    private async Task<IReadOnlyList<string>> ReadIdsAsync(string sql, CancellationToken cancellation, params (string Name, object Value)[] parameters)
    {
        await using SqliteConnection connection = await OpenAsync(cancellation);
        await using SqliteCommand command = Command(connection, sql, parameters);
        await using SqliteDataReader reader = await command.ExecuteReaderAsync(cancellation);
        List<string> ids = [];
        while (await reader.ReadAsync(cancellation)) ids.Add(reader.GetString(0));
        return ids;
    }

    private Task<IReadOnlyList<PositionedCommit>> ReadAsync(string sql, CancellationToken cancellation, params (string Name, object Value)[] parameters) => ReadAsync(sql, null, cancellation, parameters);

    private async Task<IReadOnlyList<PositionedCommit>> ReadAsync(
        string sql, IReadOnlySet<CommitIdentity>? known, CancellationToken cancellation, params (string Name, object Value)[] parameters)
    {
        await using SqliteConnection connection = await OpenAsync(cancellation);
        await using SqliteCommand command = Command(connection, sql, parameters);
        await using SqliteDataReader reader = await command.ExecuteReaderAsync(cancellation);
        List<PositionedCommit> found = [];
        while (await reader.ReadAsync(cancellation))
        {
            var identity = new CommitIdentity(reader.GetString(1), reader.GetInt64(2), new Guid((byte[])reader.GetValue(3)));
            var commit = new JournalCommit(
                identity.GrainId, identity.Version, identity.CommitId, reader.GetInt32(4), reader.GetInt64(5) != 0, reader.GetInt64(6) != IJournalStore.NoPartition,
                new DateTimeOffset(reader.GetInt64(7), TimeSpan.Zero), known?.Contains(identity) == true ? default : (byte[])reader.GetValue(8));
            found.Add(new PositionedCommit(commit, new JournalPosition(0, reader.GetInt64(0))));
        }

        return found;
    }
}
