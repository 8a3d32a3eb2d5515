using System.Net.Sockets;
using Xunit.Abstractions;

namespace Shop.Gateway.Tests;

/// <summary>The process is killed at random moments of a flash sale, again and again, and nothing that was acknowledged is lost.</summary>
[Collection("load"), Trait("Category", "Long")]
public sealed class CrashTests(ITestOutputHelper output)
{
    private const int Kills = 20, AtOnceMax = 500;

    // The sale at its full size has 5,000 buyers of 1,000 units; the suite that runs every time has fewer, so that it stays short.
    private static readonly int Buyers = int.Parse(Environment.GetEnvironmentVariable("SHOP_CRASH_BUYERS") ?? "2000", System.Globalization.CultureInfo.InvariantCulture);

    private static int Units => Buyers / 5;

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_kill_at_any_moment_of_a_flash_sale_loses_nothing_and_sells_nothing_twice(string kind)
    {
        int seed = Environment.TickCount;
        output.WriteLine($"Seed {seed}");
        var random = new Random(seed);
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using GatewayProcess shop = await GatewayProcess.StartAsync(place);
        for (int kill = 0; kill < Kills; kill++)
        {
            string sku = $"CRASH-{kill}";
            await shop.Admin.Stock(sku, Units, 20m);
            int acknowledged = await Sell(shop, sku, TimeSpan.FromMilliseconds(random.Next(20, 1_500)));
            output.WriteLine($"Kill {kill + 1}: {acknowledged} orders were acknowledged before it");
        }
    }

    private static async Task<int> Sell(GatewayProcess shop, string sku, TimeSpan killAfter)
    {
        using var slots = new SemaphoreSlim(AtOnceMax);
        Task<Answer?>[] buying = [.. Enumerable.Range(0, Buyers).Select(async i =>
        {
            await slots.WaitAsync();
            try
            {
                return await TryBuy(shop, sku, i);
            }
            finally
            {
                slots.Release();
            }
        })];
        await Task.Delay(killAfter);
        await shop.KillAsync();
        Answer?[] heard = await Task.WhenAll(buying);
        await shop.StartAsync();

        // Every acknowledged order is there.
        Answer[] acknowledged = [.. heard.OfType<Answer>().Where(a => a.Code == 201)];
        Answer[] found = await Task.WhenAll(acknowledged.Select(a => shop.Admin.Get($"/v1/orders/{a["id"]}")));
        found.ShouldAllBe(a => a.Code == 200 && (string)a["status"]! == "placed");

        // All others ask again with their keys until they have a final answer.
        Answer[] final = await Task.WhenAll(Enumerable.Range(0, Buyers).Select(i => Buy(shop, sku, i)));
        final.Count(a => a.Code == 201).ShouldBe(Units);
        final.Count(a => a.Code == 409).ShouldBe(Buyers - Units);
        final.Where(a => a.Code == 201).Select(a => (string)a["id"]!).Distinct().Count().ShouldBe(Units);
        for (int i = 0; i < Buyers; i++)
        {
            // Whoever had an answer has the same one now.
            if (heard[i] is { Code: 201 or 409 } before && !before.Type.EndsWith("request-in-progress", StringComparison.Ordinal))
                (final[i].Code, (string?)final[i].Json!["id"]).ShouldBe((before.Code, (string?)before.Json!["id"]));
        }

        JsonNode level = await shop.Admin.CheckLevel(sku, sold: Units, onHand: 0);
        ((long)level["reserved"]!).ShouldBe(0);
        return acknowledged.Length;
    }

    private static async Task<Answer?> TryBuy(GatewayProcess shop, string sku, int buyer)
    {
        try
        {
            return await shop.Admin.Checkout(sku, idempotencyKey: $"{sku}-{buyer}");
        }
        catch (Exception e) when (e is HttpRequestException or SocketException)
        {
            return null; // The process is gone: the buyer does not know.
        }
    }

    private static async Task<Answer> Buy(GatewayProcess shop, string sku, int buyer)
    {
        // An order that the crash interrupted holds its units until it is resumed, by its buyer's retry or by recovery.
        Answer? last = null;
        for (int attempt = 0; attempt < 100; attempt++)
        {
            last = await TryBuy(shop, sku, buyer);
            if (last is { } answer && (answer.Code == 409 || (answer.Code == 201 && (string)answer["status"]! == "placed")) && !answer.Type.EndsWith("request-in-progress", StringComparison.Ordinal))
                return answer;
            await Task.Delay(100);
        }

        throw new TimeoutException($"Buyer {buyer} of {sku} never got a final answer; the last was {last?.Code} {last?.Text}");
    }
}
