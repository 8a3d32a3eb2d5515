using System.Diagnostics;
using Xunit.Abstractions;

namespace Shop.Gateway.Tests;

[Collection("load")]
public sealed class FlashSaleTests(ITestOutputHelper output)
{
    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Five_thousand_concurrent_checkouts_for_a_thousand_units_sell_exactly_a_thousand(string kind)
    {
        const int Buyers = 5_000, Units = 1_000;
        // However slow the machine is: everybody is taken in.
        await using ShopHost shop = await ShopHost.StartAsync(kind, ("Shop:Admission:Burst", "00:01:00"));
        await shop.Admin.Stock("FLASH", Units, 49m);

        var start = Stopwatch.StartNew();
        Answer[] answers = await Task.WhenAll(Enumerable.Range(0, Buyers).Select(i => shop.Admin.Checkout("FLASH", idempotencyKey: $"buyer-{i}", more: $",\"customerId\":\"c{i}\"")));
        start.Stop();
        output.WriteLine($"{kind}: {Buyers} checkouts in {start.Elapsed.TotalSeconds:F2} s, {Buyers / start.Elapsed.TotalSeconds:F0}/s");

        answers.Where(a => a.Code is not (201 or 409)).Select(a => a.Text).ShouldBeEmpty();
        Answer[] sold = [.. answers.Where(a => a.Code == 201)];
        sold.Length.ShouldBe(Units);
        sold.Select(a => (string)a["id"]!).Distinct().Count().ShouldBe(Units);
        sold.ShouldAllBe(a => (string)a["status"]! == "placed" && (decimal)a["total"]["amount"]! == 49m);
        foreach (Answer lost in answers.Where(a => a.Code == 409))
        {
            lost.ShouldBe(409).Type.ShouldBe("urn:shop:problem:out-of-stock");
            ((long)lost["shortages"][0]!["available"]!).ShouldBe(0);
        }

        JsonNode level = await shop.Admin.CheckLevel("FLASH", sold: Units, onHand: 0);
        ((long)level["reserved"]!).ShouldBe(0);

        // Whoever did not hear the answer asks again and hears the same.
        Answer[] again = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => shop.Admin.Checkout("FLASH", idempotencyKey: $"buyer-{i}", more: $",\"customerId\":\"c{i}\"")));
        again.Select(a => (a.Code, (string?)a.Json!["id"])).ShouldBe(answers.Take(50).Select(a => (a.Code, (string?)a.Json!["id"])));
    }
}

/// <summary>Tests that load the whole machine run alone.</summary>
[CollectionDefinition("load", DisableParallelization = true)]
public sealed class LoadCollection;
