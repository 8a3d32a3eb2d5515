using System.Data.Common;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans.Reminders;

/// <summary>Keeps reminders in one table of a database that knows <c>ON CONFLICT</c>: SQLite and PostgreSQL.</summary>
internal sealed class AdoNetReminderTable(AdoNetReminderTableOptions options) : IReminderTable
{
    private readonly AdoNetTable _table = new(options.Invariant, options.ConnectionString, """
        CREATE TABLE IF NOT EXISTS reminder (
            grain_id     text   NOT NULL,
            name         text   NOT NULL,
            start_ticks  bigint NOT NULL,
            period_ticks bigint NOT NULL,
            PRIMARY KEY (grain_id, name))
        """);

    public async Task<ReminderTableData> ReadAll(CancellationToken cancellation)
    {
        await using DbConnection connection = await _table.OpenAsync(cancellation);
        await using DbCommand command = AdoNetTable.Command(connection, "SELECT grain_id, name, start_ticks, period_ticks FROM reminder");
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellation);
        List<ReminderEntry> entries = [];
        while (await reader.ReadAsync(cancellation))
        {
            entries.Add(new ReminderEntry
            {
                GrainId = GrainId.Parse(reader.GetString(0)),
                ReminderName = reader.GetString(1),
                StartAt = new DateTime(reader.GetInt64(2), DateTimeKind.Utc),
                Period = TimeSpan.FromTicks(reader.GetInt64(3)),
            });
        }

        return new ReminderTableData(entries);
    }

    public async Task Upsert(ReminderEntry entry, CancellationToken cancellation)
    {
        await using DbConnection connection = await _table.OpenAsync(cancellation);
        await using DbCommand command = AdoNetTable.Command(connection, """
            INSERT INTO reminder (grain_id, name, start_ticks, period_ticks) VALUES (@grain, @name, @start, @period)
            ON CONFLICT (grain_id, name) DO UPDATE SET start_ticks = excluded.start_ticks, period_ticks = excluded.period_ticks
            """,
            ("grain", entry.GrainId.ToString()), ("name", entry.ReminderName), ("start", entry.StartAt.Ticks), ("period", entry.Period.Ticks));
        await command.ExecuteNonQueryAsync(cancellation);
    }

    public async Task Remove(GrainId grainId, string name, CancellationToken cancellation)
    {
        await using DbConnection connection = await _table.OpenAsync(cancellation);
        await using DbCommand command = AdoNetTable.Command(connection,
            "DELETE FROM reminder WHERE grain_id = @grain AND name = @name", ("grain", grainId.ToString()), ("name", name));
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
