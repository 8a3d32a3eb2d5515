using System.Data.Common;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Shop.Cluster.Tests;

/// <summary>What is wrong after a run, as seen from outside: in the answers, in the levels and in the journal itself.</summary>
public static class Verdict
{
    public static async Task<IReadOnlyList<string>> FindViolationsAsync(ShopCluster cluster, Load load)
    {
        List<string> violations = [];
        using var shop = new ShopClient(cluster.Gateways[0].Process.Address, ShopCluster.SecretKey);
        foreach (string sku in load.Skus)
        {
            JsonNode level = (await RetryAsync(() => shop.Get($"/v1/stock/{sku}"))).Json!;
            Operation[] operations = [.. load.History.Of(sku)];
            if (LinearizabilityChecker.Check(operations, load.UnitsOf(sku)) is { } reason) violations.Add($"{sku} is not linearizable: {reason}");
            violations.AddRange(CheckLevel(sku, level));
            violations.AddRange(await CheckJournalAsync(cluster, sku, level, operations));
        }

        foreach ((string order, bool isPlaced) in load.Orders)
            if (await CheckPaymentAsync(cluster, order, isPlaced) is { } wrong) violations.Add($"order {order}: {wrong}");
        if (await RecountAsync(shop) is { } differs) violations.Add($"figures and journal differ: {differs}");
        return violations;
    }

    // What consumers made of the events, against all events counted again: nothing twice and nothing left out, whatever crashed.
    private static async Task<string?> RecountAsync(ShopClient shop)
    {
        // A delivery that was lost on its way is made again once its time is over.
        for (var waited = Stopwatch.StartNew(); ;)
        {
            JsonNode streams = (await RetryAsync(() => shop.Get("/v1/streams"))).Json!;
            if (streams["parked"]!.AsArray().Count > 0) return $"an event is parked: {streams["parked"]!.ToJsonString()}";
            if (streams["consumers"]!.AsArray().All(c => (long)c!["commitsBehind"]! == 0)) break;
            if (waited.Elapsed > 3 * EnginePromises.OutageMax) return $"consumers do not catch up: {streams.ToJsonString()}";
            await Task.Delay(100);
        }

        JsonNode recount = (await RetryAsync(() => shop.Post("/v1/analytics/recount"))).Json!;
        return (bool)recount["equal"]! ? null : recount["differences"]!.ToJsonString();
    }

    // Whoever was told that an order is placed has paid its price, once; whoever was told that it is not has paid nothing.
    private static async Task<string?> CheckPaymentAsync(ShopCluster cluster, string order, bool isPlaced)
    {
        Dictionary<string, int> events = [];
        long minorUnits = 0;
        await foreach ((_, string json) in ReadAsync(cluster, "payment/" + order))
        {
            using JsonDocument document = JsonDocument.Parse(json);
            foreach (JsonElement e in document.RootElement.EnumerateArray())
            {
                string type = e.GetProperty("$type").GetString()!;
                events[type] = events.GetValueOrDefault(type) + 1;
                if (type == "payment.requested.1") minorUnits = e.GetProperty("amount").GetProperty("minor").GetInt64();
            }
        }

        int Times(string type) => events.GetValueOrDefault($"payment.{type}.1");
        string seen = string.Join(", ", events.Select(e => $"{e.Key} × {e.Value}"));
        if (isPlaced) return (minorUnits, Times("requested"), Times("authorised"), Times("captured"), Times("voided")) == (Load.PriceInCents, 1, 1, 1, 0) ? null : $"placed, and its payment of {minorUnits} has {seen}";
        return Times("captured") == 0 || Times("refunded") == Times("captured") ? null : $"not placed, and its payment has {seen}";
    }

    private static IEnumerable<string> CheckLevel(string sku, JsonNode level)
    {
        long Field(string name) => (long)level[name]!;
        if (Field("onHand") != Field("received") + Field("adjusted") - Field("sold") + Field("returned")) yield return $"{sku}: units are not conserved: {level.ToJsonString()}";
        if (Field("sold") + Field("reserved") > Field("received")) yield return $"{sku} is oversold: {level.ToJsonString()}";
        if (Field("available") != Field("onHand") - Field("reserved")) yield return $"{sku}: available is not what is on hand and not reserved: {level.ToJsonString()}";
    }

    // Plays the journal again, with rules of its own: what was acknowledged is there once, and nobody has sold what was not there.
    private static async Task<IReadOnlyList<string>> CheckJournalAsync(ShopCluster cluster, string sku, JsonNode level, Operation[] operations)
    {
        List<string> violations = [];
        long received = 0, sold = 0, expected = 1;
        Dictionary<string, int> open = [], ever = [];
        int released = 0;
        await foreach ((long version, string json) in ReadAsync(cluster, "stock/" + sku))
        {
            if (version != expected++) violations.Add($"{sku}: the journal has a gap before commit {version}");
            using JsonDocument events = JsonDocument.Parse(json);
            foreach (JsonElement e in events.RootElement.EnumerateArray())
            {
                string type = e.GetProperty("$type").GetString()!;
                if (type.StartsWith("stock.received", StringComparison.Ordinal))
                {
                    received += e.GetProperty("quantity").GetInt32();
                }
                else if (type.StartsWith("stock.reserved", StringComparison.Ordinal))
                {
                    string id = e.GetProperty("id").GetString()!;
                    int units = e.GetProperty("quantity").GetInt32();
                    if (!ever.TryAdd(id, units)) violations.Add($"{sku}: reservation {id} is in the journal twice");
                    open[id] = units;
                    if (sold + open.Values.Sum() > received) violations.Add($"{sku}: reservation {id} took what was not there");
                }
                else if (type.StartsWith("stock.confirmed", StringComparison.Ordinal))
                {
                    if (open.Remove(e.GetProperty("id").GetString()!, out int units)) sold += units;
                    else violations.Add($"{sku}: a reservation was sold that was not open");
                }
                else if (type.StartsWith("stock.released", StringComparison.Ordinal))
                {
                    if (open.Remove(e.GetProperty("id").GetString()!, out int units)) released += units;
                    else violations.Add($"{sku}: a reservation was given back that was not open");
                }
            }
        }

        if (sold != (long)level["sold"]!) violations.Add($"{sku}: the journal says {sold} sold, the shop {level["sold"]}");
        int taken = operations.Count(o => o is { Kind: Kind.Take, Succeeded: true });
        int doubtful = operations.Count(o => o is { Kind: Kind.Take, Succeeded: null });
        if (ever.Count < taken || ever.Count > taken + doubtful) violations.Add($"{sku}: {taken} acknowledged and {doubtful} doubtful reservations, and {ever.Count} in the journal");
        int given = operations.Where(o => o is { Kind: Kind.Give, Succeeded: true }).Sum(o => o.Units);
        int maybeGiven = operations.Where(o => o is { Kind: Kind.Give, Succeeded: null }).Sum(o => o.Units);
        if (released < given || released > given + maybeGiven) violations.Add($"{sku}: {given} units acknowledged as given back, {released} in the journal");
        return violations;
    }

    // Straight from the tables, without any code of the shop.
    private static async IAsyncEnumerable<(long Version, string Events)> ReadAsync(ShopCluster cluster, string grainId)
    {
        await using DbConnection connection = cluster.IsSqlite
            ? new SqliteConnection($"Data Source={cluster.SqliteDirectory}/shop.db;Mode=ReadOnly;Pooling=false")
            // Not pooled: the server may have been another process when the last run looked.
            : new NpgsqlConnection(PostgreSqlServer.At(cluster.Database.Port) + ";Pooling=false");
        await connection.OpenAsync();
        await using DbCommand query = connection.CreateCommand();
        query.CommandText = "SELECT version, events FROM journal WHERE grain_id = @grain ORDER BY version";
        DbParameter grain = query.CreateParameter();
        (grain.ParameterName, grain.Value) = ("grain", grainId);
        query.Parameters.Add(grain);
        await using DbDataReader reader = await query.ExecuteReaderAsync();
        while (await reader.ReadAsync()) yield return (reader.GetInt64(0), Encoding.UTF8.GetString((byte[])reader.GetValue(1)));
    }

    private static async Task<Answer> RetryAsync(Func<Task<Answer>> ask)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                Answer answer = await ask();
                if (answer.Code == 200) return answer;
                if (attempt > 100) throw new InvalidOperationException(answer.Text);
            }
            catch (HttpRequestException) when (attempt <= 100)
            {
                // The gateway has just been started again.
            }

            await Task.Delay(100);
        }
    }
}
