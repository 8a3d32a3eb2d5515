using Npgsql;

namespace Shop.Journal;

/// <summary>The tables of the journal in PostgreSQL.</summary>
internal static class PostgreSqlJournalSchema
{
    private const long SchemaLock = 0x53686F704A6E6C;

    // Each entry is one version of the schema; what was released is never changed, only added to.
    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE journal (
            grain_id    text COLLATE "C" NOT NULL,
            version     bigint      NOT NULL,
            partition   smallint    NOT NULL,
            epoch       bigint      NOT NULL,
            number      bigint      GENERATED ALWAYS AS IDENTITY,
            commit_id   uuid        NOT NULL,
            event_count int         NOT NULL,
            has_work    boolean     NOT NULL,
            recorded_at timestamptz NOT NULL,
            events      bytea       NOT NULL,
            PRIMARY KEY (grain_id, version));
        CREATE INDEX journal_partition ON journal (partition, epoch, number);
        CREATE TABLE journal_checkpoint (
            consumer  text     NOT NULL,
            partition smallint NOT NULL,
            epoch     bigint   NOT NULL,
            number    bigint   NOT NULL,
            PRIMARY KEY (consumer, partition));
        CREATE TABLE journal_epoch (single boolean PRIMARY KEY DEFAULT true CHECK (single), ahead bigint NOT NULL);
        INSERT INTO journal_epoch (ahead) VALUES (0);
        CREATE VIEW journal_readable AS
            SELECT grain_id, version, partition, epoch, number, recorded_at, has_work, convert_from(events, 'UTF8')::jsonb AS events FROM journal;
        """,
    ];

    // Commits of a busy grain are large, and compressing them the old way took more time than everything else. This is no change
    // of the schema: older software reads and writes it as well. Servers before 14, or without lz4, stay as they are.
    private const string CompressFast = """
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'journal'::regclass AND attname = 'events' AND attcompression <> 'l') THEN
                EXECUTE 'ALTER TABLE journal ALTER COLUMN events SET COMPRESSION lz4';
            END IF;
        EXCEPTION WHEN undefined_column OR syntax_error OR feature_not_supported OR invalid_parameter_value THEN NULL;
        END $$
        """;

    // A backup that is restored into another server meets smaller transaction ids; this puts new rows behind the old ones.
    private const string KeepEpochsGrowing = """
        UPDATE journal_epoch SET ahead = ahead + newest.epoch - now.epoch + 1
        FROM (SELECT max(epoch) AS epoch FROM journal) newest,
             (SELECT pg_current_xact_id()::text::bigint + ahead AS epoch FROM journal_epoch) now
        WHERE newest.epoch >= now.epoch
        """;

    /// <summary>Creates or upgrades the schema. Any number of processes may do so at once.</summary>
    public static async Task EnsureAsync(NpgsqlDataSource source, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await source.OpenConnectionAsync(cancellation);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({SchemaLock})", cancellation);
        await ExecuteAsync(connection, "CREATE TABLE IF NOT EXISTS journal_schema (version int NOT NULL)", cancellation);
        await using var query = new NpgsqlCommand("SELECT coalesce(max(version), 0) FROM journal_schema", connection);
        int version = (int)(await query.ExecuteScalarAsync(cancellation))!;
        if (version > Migrations.Length) throw new InvalidOperationException($"The journal has schema version {version}; this program knows versions up to {Migrations.Length}. Run a newer one.");
        for (; version < Migrations.Length; version++)
        {
            await ExecuteAsync(connection, Migrations[version], cancellation);
            await ExecuteAsync(connection, $"INSERT INTO journal_schema (version) VALUES ({version + 1})", cancellation);
        }

        await ExecuteAsync(connection, CompressFast, cancellation);
        await ExecuteAsync(connection, KeepEpochsGrowing, cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
