using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>Keeps states as JSON in one table of a database that knows <c>ON CONFLICT</c>: SQLite and PostgreSQL.</summary>
internal sealed class AdoNetGrainStorage(string invariant, string connectionString) : IGrainStorage
{
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS grain_state (
            grain_id   text   NOT NULL,
            state_name text   NOT NULL,
            version    bigint NOT NULL,
            payload    text   NOT NULL,
            PRIMARY KEY (grain_id, state_name));
        """;

    // Large states are compressed the fast way where the server can do it; once, because it locks the table for a moment.
    private const string FastCompression = """
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'grain_state'::regclass AND attname = 'payload' AND attcompression <> 'l') THEN
                EXECUTE 'ALTER TABLE grain_state ALTER COLUMN payload SET COMPRESSION lz4';
            END IF;
        EXCEPTION WHEN undefined_column OR syntax_error OR feature_not_supported OR invalid_parameter_value OR deadlock_detected THEN NULL;
        END $$;
        """;

    private readonly AdoNetTable _table = new(invariant, connectionString, invariant == "Npgsql" ? Schema + FastCompression : Schema);

    // States can be hundreds of megabytes: they are sent as the bytes that they are, not as characters made of them.
    private readonly string _text = invariant == "Npgsql" ? "convert_from(@payload, 'UTF8')" : "CAST(@payload AS text)";

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await using DbConnection connection = await _table.OpenAsync();
        await using DbCommand command = AdoNetTable.Command(connection,
            "SELECT version, payload FROM grain_state WHERE grain_id = @grain AND state_name = @name", ("grain", grainId.ToString()), ("name", stateName));
        await using DbDataReader reader = await command.ExecuteReaderAsync();
        grainState.RecordExists = await reader.ReadAsync();
        grainState.ETag = grainState.RecordExists ? reader.GetInt64(0).ToString(CultureInfo.InvariantCulture) : null;
        grainState.State = grainState.RecordExists ? JsonSerializer.Deserialize<T>(reader.GetString(1))! : Activator.CreateInstance<T>();
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        long version = Version(grainState.ETag);
        string insert = $"""
            INSERT INTO grain_state (grain_id, state_name, version, payload) VALUES (@grain, @name, 1, {_text})
            ON CONFLICT (grain_id, state_name) DO NOTHING
            """;
        string update = $"""
            UPDATE grain_state SET version = version + 1, payload = {_text}
            WHERE grain_id = @grain AND state_name = @name AND version = @version
            """;
        await Change(version == 0 ? insert : update, stateName, grainId, version, JsonSerializer.SerializeToUtf8Bytes(grainState.State));
        grainState.ETag = (version + 1).ToString(CultureInfo.InvariantCulture);
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (grainState.ETag is not null)
        {
            await Change("DELETE FROM grain_state WHERE grain_id = @grain AND state_name = @name AND version = @version",
                stateName, grainId, Version(grainState.ETag), payload: null);
        }

        grainState.State = Activator.CreateInstance<T>();
        grainState.ETag = null;
        grainState.RecordExists = false;
    }

    private static long Version(string? tag) => tag is null ? 0 : long.Parse(tag, CultureInfo.InvariantCulture);

    private async Task Change(string sql, string stateName, GrainId grainId, long version, byte[]? payload)
    {
        await using DbConnection connection = await _table.OpenAsync();
        await using DbCommand command = AdoNetTable.Command(connection, sql, ("grain", grainId.ToString()), ("name", stateName));
        if (sql.Contains("@version", StringComparison.Ordinal)) AdoNetTable.Add(command, "version", version);
        if (payload is not null) AdoNetTable.Add(command, "payload", payload);
        if (await command.ExecuteNonQueryAsync() != 1)
            throw new InconsistentStateException($"State '{stateName}' of {grainId} is no longer at version {version}.");
    }
}
