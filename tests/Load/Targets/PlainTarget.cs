using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Shop.Load.Targets;

/// <summary>
/// What one would build instead: a minimal endpoint that takes units with a conditional update and inserts the order, in one
/// transaction, in the same PostgreSQL. It answers at the same routes as the shop, and knows nothing else.
/// </summary>
public static class PlainTarget
{
    /// <summary>Starts it over an empty database.</summary>
    public static async Task<HttpTarget> StartAsync(string connectionString)
    {
        NpgsqlDataSource source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { MaxAutoPrepare = 20, NoResetOnClose = true, MaxPoolSize = 64 });
        await using (NpgsqlCommand create = source.CreateCommand("""
            CREATE TABLE plain_stock (sku text PRIMARY KEY, received bigint NOT NULL, qty bigint NOT NULL CHECK (qty >= 0));
            CREATE TABLE plain_order (id bigserial PRIMARY KEY, key text UNIQUE, skus text[] NOT NULL, at timestamptz NOT NULL DEFAULT now());
            """)) await create.ExecuteNonQueryAsync();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        app.MapPut("/v1/products/{id}", () => TypedResults.Text(""));
        app.MapPost("/v1/stock/{sku}/receipts", (string sku, JsonObject body) => ReceiveAsync(source, sku, (long)body["quantity"]!));
        app.MapPost("/v1/stock/{sku}/reservations", (string sku, HttpRequest request, JsonObject body) => TakeAsync(source, [sku], request.Headers["Idempotency-Key"]));
        app.MapPost("/v1/checkouts", (HttpRequest request, JsonObject body) => TakeAsync(source, [.. body["lines"]!.AsArray().Select(l => (string)l!["sku"]!)], request.Headers["Idempotency-Key"]));
        app.MapGet("/v1/stock/{sku}", (string sku) => ShowAsync(source, sku));
        await app.StartAsync();
        return new HttpTarget(new Uri(app.Urls.First()), "none", () => [Environment.ProcessId], new Owned(app, source));
    }

    private static async Task<IResult> ReceiveAsync(NpgsqlDataSource source, string sku, long quantity)
    {
        await using NpgsqlCommand command = source.CreateCommand("""
            INSERT INTO plain_stock AS s (sku, received, qty) VALUES ($1, $2, $2)
            ON CONFLICT (sku) DO UPDATE SET received = s.received + excluded.received, qty = s.qty + excluded.qty
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = sku });
        command.Parameters.Add(new NpgsqlParameter { Value = quantity });
        await command.ExecuteNonQueryAsync();
        return TypedResults.Text("");
    }

    private static async Task<IResult> TakeAsync(NpgsqlDataSource source, string[] skus, string? key)
    {
        await using NpgsqlConnection connection = await source.OpenConnectionAsync();
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        // In one order everywhere, or two of them would wait for each other.
        foreach (string sku in skus.Order(StringComparer.Ordinal))
        {
            await using var take = new NpgsqlCommand("UPDATE plain_stock SET qty = qty - 1 WHERE sku = $1 AND qty >= 1", connection, transaction);
            take.Parameters.Add(new NpgsqlParameter { Value = sku });
            if (await take.ExecuteNonQueryAsync() != 1) return TypedResults.Text("", statusCode: 409);
        }

        await using var insert = new NpgsqlCommand("INSERT INTO plain_order (key, skus) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING", connection, transaction);
        insert.Parameters.Add(new NpgsqlParameter { Value = (object?)key ?? DBNull.Value });
        insert.Parameters.Add(new NpgsqlParameter { Value = skus });
        // The order is there already: the units that were taken for it just now go back with the transaction.
        if (await insert.ExecuteNonQueryAsync() == 1) await transaction.CommitAsync();
        return TypedResults.Text("", statusCode: 201);
    }

    private static async Task<IResult> ShowAsync(NpgsqlDataSource source, string sku)
    {
        await using NpgsqlCommand command = source.CreateCommand("SELECT received, qty FROM plain_stock WHERE sku = $1");
        command.Parameters.Add(new NpgsqlParameter { Value = sku });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        if (!await reader.ReadAsync()) return TypedResults.Text("", statusCode: 404);
        (long received, long left) = (reader.GetInt64(0), reader.GetInt64(1));
        return TypedResults.Text($$"""{"received":{{received}},"onHand":{{left}},"reserved":0,"available":{{left}},"sold":{{received - left}}}""", "application/json");
    }

    private sealed class Owned(WebApplication app, NpgsqlDataSource source) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await app.DisposeAsync();
            await source.DisposeAsync();
        }
    }
}
