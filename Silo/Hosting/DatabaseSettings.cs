using Npgsql;

namespace Shop.Hosting;

/// <summary>What of a PostgreSQL server's settings a shop should know.</summary>
/// <param name="KeepsWhatItAnswered">Whether what was answered survives a crash of its machine.</param>
/// <param name="Defaults">Settings that are those of a new server and keep the visitors of a busy shop waiting, as "name = value".</param>
internal sealed record DatabaseSettings(bool KeepsWhatItAnswered, IReadOnlyList<string> Defaults)
{
    // docs/operations.md says what they should be, and why.
    private const string Query = """
        SELECT name, current_setting(name), setting = boot_val FROM pg_settings
        WHERE name IN ('fsync', 'shared_buffers', 'max_wal_size', 'min_wal_size', 'wal_compression') ORDER BY name
        """;

    /// <summary>Asks the server.</summary>
    /// <exception cref="NpgsqlException">It cannot be asked.</exception>
    public static async Task<DatabaseSettings> ReadAsync(string connectionString, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ToString());
        await connection.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand(Query, connection);
        await using NpgsqlDataReader rows = await command.ExecuteReaderAsync(cancellation);
        bool keeps = true;
        List<string> defaults = [];
        while (await rows.ReadAsync(cancellation))
        {
            (string name, string value, bool isDefault) = (rows.GetString(0), rows.GetString(1), rows.GetBoolean(2));
            if (name == "fsync") keeps = value == "on";
            else if (isDefault) defaults.Add($"{name} = {value}");
        }

        return new DatabaseSettings(keeps, defaults);
    }
}
