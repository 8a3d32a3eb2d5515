using System.Data.Common;
using System.Globalization;
using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans.Reminders;

/// <summary>Keeps reminders in one table of a database that knows <c>ON CONFLICT</c>: SQLite and PostgreSQL. There are few, so parts of the ring are picked here.</summary>
internal sealed class AdoNetReminderTable(string invariant, string connectionString) : IReminderTable
{
    private const string All = "SELECT grain_id, name, start_ticks, period_ticks FROM reminder", OfGrain = $"{All} WHERE grain_id = @grain";

    private readonly AdoNetTable _table = new(invariant, connectionString, """
        CREATE TABLE IF NOT EXISTS reminder (
            grain_id     text   NOT NULL,
            name         text   NOT NULL,
            start_ticks  bigint NOT NULL,
            period_ticks bigint NOT NULL,
            PRIMARY KEY (grain_id, name))
        """);

    public async Task<ReminderTableData> ReadRows(GrainId grainId) => new(await ReadAsync(OfGrain, ("grain", grainId.ToString())));

    public async Task<ReminderTableData> ReadRows(uint begin, uint end) => new((await ReadAsync(All)).Where(e => RingPart.Has(begin, end, e.GrainId)));

    public async Task<ReminderEntry?> ReadRow(GrainId grainId, string reminderName) =>
        (await ReadAsync($"{OfGrain} AND name = @name", ("grain", grainId.ToString()), ("name", reminderName))).SingleOrDefault();

    public async Task<string?> UpsertRow(ReminderEntry entry)
    {
        await ChangeAsync("""
            INSERT INTO reminder (grain_id, name, start_ticks, period_ticks) VALUES (@grain, @name, @start, @period)
            ON CONFLICT (grain_id, name) DO UPDATE SET start_ticks = excluded.start_ticks, period_ticks = excluded.period_ticks
            """,
            ("grain", entry.GrainId.ToString()), ("name", entry.ReminderName), ("start", entry.StartAt.Ticks), ("period", entry.Period.Ticks));
        return Version(entry.StartAt.Ticks, entry.Period.Ticks);
    }

    public async Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag) =>
        await ReadRow(grainId, reminderName) is { } entry && entry.ETag == eTag && await ChangeAsync(
            "DELETE FROM reminder WHERE grain_id = @grain AND name = @name AND start_ticks = @start AND period_ticks = @period",
            ("grain", grainId.ToString()), ("name", reminderName), ("start", entry.StartAt.Ticks), ("period", entry.Period.Ticks)) == 1;

    public Task TestOnlyClearTable() => ChangeAsync("DELETE FROM reminder");

    // A reminder is its schedule; another one is another version.
    private static string Version(long start, long period) => string.Create(CultureInfo.InvariantCulture, $"{start}+{period}");

    private async Task<List<ReminderEntry>> ReadAsync(string sql, params (string Name, object Value)[] parameters)
    {
        await using DbConnection connection = await _table.OpenAsync();
        await using DbCommand command = AdoNetTable.Command(connection, sql, parameters);
        await using DbDataReader reader = await command.ExecuteReaderAsync();
        List<ReminderEntry> entries = [];
        while (await reader.ReadAsync())
        {
            (long start, long period) = (reader.GetInt64(2), reader.GetInt64(3));
            entries.Add(new ReminderEntry
            {
                GrainId = GrainId.Parse(reader.GetString(0)),
                ReminderName = reader.GetString(1),
                StartAt = new DateTime(start, DateTimeKind.Utc),
                Period = TimeSpan.FromTicks(period),
                ETag = Version(start, period),
            });
        }

        return entries;
    }

    private async Task<int> ChangeAsync(string sql, params (string Name, object Value)[] parameters)
    {
        await using DbConnection connection = await _table.OpenAsync();
        await using DbCommand command = AdoNetTable.Command(connection, sql, parameters);
        return await command.ExecuteNonQueryAsync();
    }
}
