using Npgsql;
using NpgsqlTypes;
using Shop.Journaling;

namespace Shop.Journal;

/// <summary>
/// The journal in PostgreSQL. A batch is one statement and so one transaction and one round trip. Rows of concurrent
/// transactions become visible out of the order of their numbers; therefore a position is the transaction's id and the number
/// within it, and a reader sees only rows below the oldest transaction that is still under way.
/// </summary>
public sealed class PostgreSqlJournalStore : IJournalStore, IAsyncDisposable
{
    private const string InsertInto = """
        INSERT INTO journal (grain_id, version, partition, epoch, commit_id, event_count, has_work, recorded_at, events)
        SELECT n.grain_id, n.version, n.partition, (SELECT pg_current_xact_id()::text::bigint + ahead FROM journal_epoch),
               n.commit_id, n.event_count, n.has_work, n.recorded_at, n.events
        FROM 
        """;

    private const string Insert = InsertInto + """
        unnest($1::text[], $2::bigint[], $3::smallint[], $4::uuid[], $5::int[], $6::boolean[], $7::timestamptz[], $8::bytea[])
        """ + Follows;

    // A hot grain's commits come alone and are large; unpacking an array of them copies them some four times more.
    private const string InsertOne = InsertInto + "(VALUES ($1::text, $2::bigint, $3::smallint, $4::uuid, $5::int, $6::boolean, $7::timestamptz, $8::bytea))" + Follows;

    private const string Follows = """
         AS n (grain_id, version, partition, commit_id, event_count, has_work, recorded_at, events)
        WHERE n.version = 1 OR (SELECT true FROM journal p WHERE p.grain_id = n.grain_id AND p.version = n.version - 1)
        """;

    // Looking for conflicts is a sixth of the server's work, and there are none but after a crash or a broken connection: it is done when there was one.
    private const string BesideOthers = " ON CONFLICT (grain_id, version) DO NOTHING";

    private const string ColumnsBut = "grain_id, version, commit_id, event_count, has_work, partition, recorded_at, epoch, number";
    private const string Columns = ColumnsBut + ", events";

    // What is looked through for the newest grains of a type.
    private const int LatestCommitsOfPartition = 4_000;

    // A plan that was made while a table was small must not be kept when it has become large; and short statements are not worth compiling.
    internal const string FreshPlans = "-c plan_cache_mode=force_custom_plan -c jit=off";

    // Adding commits and reading tails are done thousands of times a second, always by the primary key, and finding that out anew each time took a
    // quarter of what the server does for a hot grain. These connections keep one plan, which cannot but use the index, however small the table is.
    private const string KeptPlans = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off";

    // Of several connections a pool takes each in its turn, and each is a process of the server that has to see every page for itself. So those who come all the time
    // have as few as they need: one batch is written at a time, and partitions are read for as many consumers as work at a time.
    private const int AppendConnections = 1, TailConnectionsMax = 3, PartitionConnectionsMax = 4;

    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlDataSource _appends;
    private readonly NpgsqlDataSource _tailReads;
    private readonly NpgsqlDataSource _partitionReads;
    private readonly int _tailConnections;
    private readonly TailReader _tails;

    /// <summary>Creates a store over a database that exists.</summary>
    public PostgreSqlJournalStore(string connectionString)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString);
        // A server that is set up to answer before it has flushed would break the promise of durability.
        string options = $"{builder.ConnectionStringBuilder.Options} -c synchronous_commit=on".Trim();
        builder.ConnectionStringBuilder.Options = $"{options} {FreshPlans}";
        if (builder.ConnectionStringBuilder.MaxAutoPrepare == 0) builder.ConnectionStringBuilder.MaxAutoPrepare = 20;
        builder.ConnectionStringBuilder.AutoPrepareMinUsages = 2;
        // Nothing here changes a session, so there is nothing to reset, which would be eight statements each time.
        builder.ConnectionStringBuilder.NoResetOnClose = true;
        int connections = builder.ConnectionStringBuilder.MaxPoolSize;
        int tails = Math.Clamp(connections / 3, 1, TailConnectionsMax), partitions = Math.Clamp(Math.Min(connections / 4, Environment.ProcessorCount / 2), 1, PartitionConnectionsMax);
        builder.ConnectionStringBuilder.MaxPoolSize = Math.Max(1, connections - AppendConnections - tails - partitions);
        _source = builder.Build();
        builder.ConnectionStringBuilder.MaxPoolSize = partitions;
        _partitionReads = builder.Build();
        builder.ConnectionStringBuilder.Options = $"{options} {KeptPlans}";
        builder.ConnectionStringBuilder.MaxPoolSize = AppendConnections;
        _appends = builder.Build();
        builder.ConnectionStringBuilder.MaxPoolSize = _tailConnections = tails;
        _tailReads = builder.Build();
        _tails = new TailReader(ReadTailsAsync);
    }

    /// <inheritdoc/>
    public async Task EnsureSchemaAsync(CancellationToken cancellation)
    {
        await PostgreSqlJournalSchema.EnsureAsync(_source, cancellation);
        // A silo is asked for thousands of grains as soon as it has joined. They must not wait until a process that is still cold has its first connections.
        NpgsqlConnection[] opened = await Task.WhenAll(
            Enumerable.Repeat(_tailReads, _tailConnections).Append(_appends).Select(s => s.OpenConnectionAsync(cancellation).AsTask()));
        foreach (NpgsqlConnection connection in opened) await connection.DisposeAsync();
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<JournalCommit> commits, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await _appends.OpenConnectionAsync(cancellation);
        int inserted;
        try
        {
            inserted = await InsertAsync(connection, "", commits, cancellation);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            inserted = await InsertAsync(connection, BesideOthers, commits, cancellation);
        }

        return inserted == commits.Count ? [.. Enumerable.Repeat(true, commits.Count)] : await FindAsync(connection, commits, cancellation);
    }

    private static async Task<int> InsertAsync(NpgsqlConnection connection, string conflicts, IReadOnlyList<JournalCommit> commits, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand((commits.Count == 1 ? InsertOne : Insert) + conflicts, connection);
        Add(command, NpgsqlDbType.Text, commits, c => c.GrainId);
        Add(command, NpgsqlDbType.Bigint, commits, c => c.Version);
        Add(command, NpgsqlDbType.Smallint, commits, c => (short)c.Partition);
        Add(command, NpgsqlDbType.Uuid, commits, c => c.CommitId);
        Add(command, NpgsqlDbType.Integer, commits, c => c.EventCount);
        Add(command, NpgsqlDbType.Boolean, commits, c => c.HasWork);
        Add(command, NpgsqlDbType.TimestampTz, commits, c => c.RecordedAt.UtcDateTime);
        Add(command, NpgsqlDbType.Bytea, commits, c => c.Events);
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<JournalCommit>> ReadGrainAsync(string grainId, long afterVersion, int limit, CancellationToken cancellation) => ReadCommitsAsync(
        $"SELECT {Columns} FROM journal WHERE grain_id = $1 AND version > $2 ORDER BY version LIMIT $3", cancellation, grainId, afterVersion, limit);

    /// <inheritdoc/>
    public Task<IReadOnlyList<JournalCommit>> ReadTailAsync(string grainId, int limit, CancellationToken cancellation) => _tails.ReadAsync(grainId, limit, cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<PositionedCommit>> ReadPartitionAsync(
        int partition, JournalPosition after, int limit, CancellationToken cancellation, IReadOnlySet<CommitIdentity>? known = null)
    {
        CommitIdentity[] has = known is null ? [] : [.. known];
        return ReadAsync(_partitionReads, $"""
            SELECT {ColumnsBut},
                CASE WHEN (grain_id, version, commit_id) IN (SELECT * FROM unnest($5::text[], $6::bigint[], $7::uuid[])) THEN NULL ELSE events END
            FROM journal
            WHERE partition = $1 AND (epoch, number) > ($2, $3)
              AND epoch < (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + ahead FROM journal_epoch)
            ORDER BY epoch, number LIMIT $4
            """,
            Read, cancellation, (short)partition, after.Epoch, after.Number, limit,
            Array.ConvertAll(has, h => h.GrainId), Array.ConvertAll(has, h => h.Version), Array.ConvertAll(has, h => h.CommitId));
    }

    /// <inheritdoc/>
    public async Task<JournalPosition> ReadEndAsync(int partition, CancellationToken cancellation)
    {
        IReadOnlyList<JournalPosition> end = await ReadAsync(_source, """
            SELECT epoch, number FROM journal
            WHERE partition = $1 AND epoch < (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + ahead FROM journal_epoch)
            ORDER BY epoch DESC, number DESC LIMIT 1
            """, r => new JournalPosition(r.GetInt64(0), r.GetInt64(1)), cancellation, (short)partition);
        return end.Count == 0 ? JournalPosition.Start : end[0];
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<JournalCommit>> ReadTypeAsync(string grainType, string? afterGrainId, long afterVersion, int limit, CancellationToken cancellation) => ReadCommitsAsync(
        $"""
         SELECT {Columns} FROM journal WHERE grain_id >= $1 AND grain_id < $2 AND (grain_id, version) > ($3, $4)
         ORDER BY grain_id, version LIMIT $5
         """,
        cancellation, grainType + "/", grainType + "0", afterGrainId ?? "", afterVersion, limit);

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> ReadIdsAsync(string grainType, string? afterGrainId, int limit, CancellationToken cancellation) => ReadIdsAsync(
        "SELECT grain_id FROM journal WHERE grain_id > $1 AND grain_id < $2 AND version = 1 ORDER BY grain_id LIMIT $3",
        cancellation, afterGrainId ?? grainType + "/", grainType + "0", limit);

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> ReadNewestIdsAsync(string grainType, int limit, CancellationToken cancellation) => ReadIdsAsync(
        """
        SELECT latest.grain_id FROM generate_series($1, $2) AS p CROSS JOIN LATERAL
            (SELECT grain_id, version, recorded_at, number FROM journal WHERE partition = p::smallint ORDER BY epoch DESC, number DESC LIMIT $3) AS latest
        WHERE latest.version = 1 AND latest.grain_id > $4 AND latest.grain_id < $5 ORDER BY latest.recorded_at DESC, latest.number DESC LIMIT $6
        """,
        cancellation, IJournalStore.NoPartition, IJournalStore.PartitionCount - 1, LatestCommitsOfPartition, grainType + "/", grainType + "0", limit);

    /// <inheritdoc/>
    public async Task PingAsync(CancellationToken cancellation)
    {
        await using NpgsqlCommand command = _source.CreateCommand("DELETE FROM journal_checkpoint WHERE consumer = ''");
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        await _appends.DisposeAsync();
        await _tailReads.DisposeAsync();
        await _partitionReads.DisposeAsync();
    }

    private static void Add<T>(NpgsqlCommand command, NpgsqlDbType type, IReadOnlyList<JournalCommit> commits, Func<JournalCommit, T> value)
    {
        if (commits.Count == 1) command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value(commits[0]), NpgsqlDbType = type });
        else AddArray(command, type, commits, value);
    }

    private static void AddArray<T>(NpgsqlCommand command, NpgsqlDbType type, IReadOnlyList<JournalCommit> commits, Func<JournalCommit, T> value)
    {
        var values = new T[commits.Count];
        for (int i = 0; i < values.Length; i++) values[i] = value(commits[i]);
        command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type });
    }

    // Some were not inserted: those that are there under the same commit id came in by an earlier try.
    private static async Task<IReadOnlyList<bool>> FindAsync(NpgsqlConnection connection, IReadOnlyList<JournalCommit> commits, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("""
            SELECT n.position FROM unnest($1::text[], $2::bigint[], $3::uuid[]) WITH ORDINALITY AS n (grain_id, version, commit_id, position)
            JOIN journal j ON j.grain_id = n.grain_id AND j.version = n.version AND j.commit_id = n.commit_id
            """, connection);
        AddArray(command, NpgsqlDbType.Text, commits, c => c.GrainId);
        AddArray(command, NpgsqlDbType.Bigint, commits, c => c.Version);
        AddArray(command, NpgsqlDbType.Uuid, commits, c => c.CommitId);
        var found = new bool[commits.Count];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation)) found[reader.GetInt64(0) - 1] = true;
        return found;
    }

    private async Task<ILookup<string, JournalCommit>> ReadTailsAsync(string[] grainIds, int limit, CancellationToken cancellation)
    {
        IReadOnlyList<PositionedCommit> found = await ReadAsync(_tailReads, $"""
            SELECT t.* FROM unnest($1::text[]) AS q (id) CROSS JOIN LATERAL
                (SELECT {Columns} FROM journal WHERE grain_id = q.id ORDER BY version DESC LIMIT $2) t
            """, Read, cancellation, grainIds, limit);
        return found.Select(f => f.Commit).OrderBy(c => c.Version).ToLookup(c => c.GrainId);
    }

    private async Task<IReadOnlyList<JournalCommit>> ReadCommitsAsync(string sql, CancellationToken cancellation, params object[] parameters)
    {
        IReadOnlyList<PositionedCommit> found = await ReadAsync(_source, sql, Read, cancellation, parameters);
        return [.. found.Select(f => f.Commit)];
    }

    private Task<IReadOnlyList<string>> ReadIdsAsync(string sql, CancellationToken cancellation, params object[] parameters) =>
        ReadAsync(_source, sql, r => r.GetString(0), cancellation, parameters);

    private static Task<IReadOnlyList<T>> ReadAsync<T>(NpgsqlDataSource source, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellation, params object[] parameters) =>
        ReadRetry.ReadAsync<IReadOnlyList<T>>(async () =>
        {
            await using NpgsqlCommand command = source.CreateCommand(sql);
            foreach (object value in parameters) command.Parameters.Add(new NpgsqlParameter { Value = value });
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
            List<T> found = [];
            while (await reader.ReadAsync(cancellation)) found.Add(read(reader));
            return found;
        });

    private static PositionedCommit Read(NpgsqlDataReader reader) => new(
        new JournalCommit(
            reader.GetString(0), reader.GetInt64(1), reader.GetGuid(2), reader.GetInt32(3), reader.GetBoolean(4), reader.GetInt16(5) != IJournalStore.NoPartition,
            new DateTimeOffset(reader.GetDateTime(6), TimeSpan.Zero), reader.IsDBNull(9) ? default : reader.GetFieldValue<byte[]>(9)),
        new JournalPosition(reader.GetInt64(7), reader.GetInt64(8)));
}
