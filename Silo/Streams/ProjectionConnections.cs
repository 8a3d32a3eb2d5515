using System.Data.Common;

namespace Shop.Streams;

/// <summary>Opens connections to the database of projections; whoever gets one finds the tables there.</summary>
internal sealed class ProjectionConnections(ProjectionDatabase database) : IDisposable
{
    private const long SchemaLock = 0x53686F7050726F6A;

    // Rows change again and again. With room on its page a changed row needs no new entries in the index, and less is left to clean up.
    private const string RoomForChanges = "ALTER TABLE projection_row SET (fillfactor = 70);";

    private readonly DbProviderFactory _factory = DbProviderFactories.GetFactory(database.Invariant);
    private readonly SemaphoreSlim _creating = new(1);
    private volatile bool _isCreated;

    /// <summary>An open connection of one of the database's pools.</summary>
    public async Task<DbConnection> OpenAsync(string connectionString, CancellationToken cancellation)
    {
        DbConnection connection = _factory.CreateConnection()!;
        try
        {
            connection.ConnectionString = connectionString;
            await connection.OpenAsync(cancellation);
            if (database.IsSqlite) await ExecuteAsync(connection, "PRAGMA synchronous = NORMAL", cancellation);
            if (!_isCreated) await CreateAsync(connection, cancellation);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _creating.Dispose();

    private async Task CreateAsync(DbConnection connection, CancellationToken cancellation)
    {
        await _creating.WaitAsync(cancellation);
        try
        {
            if (_isCreated) return;
            try
            {
                await ExecuteAsync(connection, Schema(), cancellation);
            }
            catch (DbException)
            {
                // Two silos that create the same table at once: one of them loses, and finds the table there.
                await ExecuteAsync(connection, Schema(), cancellation);
            }

            _isCreated = true;
        }
        finally
        {
            _creating.Release();
        }
    }

    private static async Task ExecuteAsync(DbConnection connection, string sql, CancellationToken cancellation)
    {
        await using DbCommand command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private string Schema()
    {
        string id = database.IsSqlite ? "INTEGER PRIMARY KEY AUTOINCREMENT" : "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY";
        return $"""
            {(database.IsSqlite ? "PRAGMA journal_mode = WAL;" : $"SELECT pg_advisory_xact_lock({SchemaLock});")}
            CREATE TABLE IF NOT EXISTS projection_place (
                projection text NOT NULL, partition int NOT NULL, epoch bigint NOT NULL, number bigint NOT NULL, rules_version int NOT NULL,
                PRIMARY KEY (projection, partition));
            CREATE TABLE IF NOT EXISTS projection_row (
                projection text NOT NULL, row_key text {database.Collation} NOT NULL, partition int NOT NULL, payload text NOT NULL, PRIMARY KEY (projection, row_key, partition));
            {(database.IsSqlite ? "" : RoomForChanges)}
            CREATE TABLE IF NOT EXISTS projection_parked (
                id {id}, projection text NOT NULL, partition int NOT NULL, event_id text NOT NULL, subject text NOT NULL, event text NOT NULL, error text NOT NULL,
                parked_at bigint NOT NULL, UNIQUE (projection, event_id));
            {Search.AdoNetSearchIndex.Schema(database.IsSqlite)}
            """;
    }
}
