using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;

namespace Shop.Gateway.Tests;

public sealed class ImportTests
{
    private const string Small = """"
        InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
        536365,85123A,"HEART, WHITE ""HANGING""",6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
        536365,85123A,HEART,2,2010-12-01 08:26:00,2.10,17850.0,United Kingdom
        536365,POST,POSTAGE,1,2010-12-01 08:26:00,18.0,17850.0,United Kingdom
        536366,71053,,4,2010-12-01 08:28:00,3.39,,United Kingdom
        C536367,85123A,HEART,-2,2010-12-01 09:00:00,2.55,17850.0,United Kingdom
        C536368,85123A,HEART,-9,2010-12-01 09:01:00,2.55,17850.0,United Kingdom
        536369,71053,,3,2010-12-01 09:02:00,0.0,,United Kingdom
        536370,71053,,x,2010-12-01 09:02:00,1.0,,United Kingdom

        """";

    [Fact]
    public async Task A_small_file_with_every_kind_of_dirt_reconciles_and_a_second_run_changes_nothing()
    {
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        string file = Path.Combine(place.Directory, "small.csv");
        await File.WriteAllTextAsync(file, Small);
        string first = await Import(place, file);
        first.ShouldContain("3 sold + 1 returned + 4 not taken = 8 of 8");
        first.ShouldContain("Everything reconciles to the penny.");
        long commits = await Commits(place);
        string second = await Import(place, file);
        second.ShouldContain("New in this run: 0 orders and returns");
        second.ShouldContain("Everything reconciles to the penny.");
        (await Commits(place)).ShouldBe(commits);
    }

    [RealFileFact]
    public async Task The_real_file_reconciles_also_when_it_was_stopped_and_a_second_run_changes_nothing()
    {
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        using (Process stopped = Start(place, RealFile.Path!))
        {
            await Task.Delay(TimeSpan.FromSeconds(5));
            stopped.Kill();
            await stopped.WaitForExitAsync();
        }

        string first = await Import(place, RealFile.Path!);
        first.ShouldContain("Everything reconciles to the penny.");
        first.ShouldContain("180,316.18");
        long commits = await Commits(place);
        string second = await Import(place, RealFile.Path!);
        second.ShouldContain("New in this run: 0 orders and returns");
        second.ShouldContain("Everything reconciles to the penny.");
        (await Commits(place)).ShouldBe(commits);
        await CheckWhatFollowed(place);
    }

    [RealFileFact]
    public async Task Recommendations_do_at_least_as_well_on_held_out_baskets_as_popularity_and_cosine()
    {
        using Process process = GatewayProcess.Run(["recommendations", "evaluate", RealFile.Path!], []);
        string text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, text);
        text.ShouldContain("Ours is at or above each baseline in both.");
    }

    [Fact]
    public async Task What_is_not_such_a_file_is_refused_with_a_reason()
    {
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        string file = Path.Combine(place.Directory, "other.csv");
        await File.WriteAllTextAsync(file, "a,b,c\n1,2,3\n");
        (await Import(place, file, exitCode: 1)).ShouldContain("The first line is not InvoiceNo");
        (await Import(place, file + ".missing", exitCode: 1)).ShouldContain("There is no file");
    }

    // The process was killed in the middle and events were told again; every consumer counts each of them once.
    private static async Task CheckWhatFollowed(StorePlace place)
    {
        (await Run(place, 0, "analytics", "recount")).Split('\n').Count(l => l.Contains(", equal", StringComparison.Ordinal)).ShouldBe(4);
        string[] sales = (await Run(place, 0, "report", "sales-by-day")).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        sales[0].ShouldBe("day,currency,orders,units,revenue,refunds");
        decimal Sum(int column) => sales.Skip(1).Sum(l => decimal.Parse(l.Split(',')[column], System.Globalization.CultureInfo.InvariantCulture));
        (Sum(2), Sum(4), Sum(5)).ShouldBe((426m, 180_316.18m, 184.00m));
        sales[1].ShouldStartWith("2010-12-01,GBP,");
        (await Run(place, 0, "report", "sales-by-country", "--format", "jsonl")).ShouldContain("\"country\":\"United Kingdom\"");
        (await Run(place, 0, "report", "cohorts")).ShouldContain("2010-12,302,0,302,1");

        await using ShopHost shop = await ShopHost.StartAsync(place, null);
        Answer figures = (await shop.Admin.Get("/v1/analytics/sales?window=day&from=2010-12-01&to=2011-01-01")).ShouldBe(200);
        ((decimal)figures["total"]!["revenue"]![0]!["amount"]!, (decimal)figures["total"]!["refunds"]![0]!["amount"]!, (long)figures["total"]!["orders"]!).ShouldBe((180_316.18m, 184.00m, 426L));

        // What the file's own baskets hold together with 85123A, counted here again; products that are sold out are not recommended.
        Dictionary<string, int> together = TogetherWith("85123A");
        foreach (string sku in together.Keys.Append("85123A")) await shop.Admin.Post($"/v1/stock/{sku}/receipts", """{"quantity":10,"reference":"again"}""");
        JsonArray recommended = (await shop.Admin.Get("/v1/products/85123A/recommendations?limit=10")).ShouldBe(200)["recommendations"]!.AsArray();
        recommended.Count.ShouldBe(10);
        foreach (JsonNode? r in recommended)
        {
            int count = together[(string)r!["productId"]!];
            ((string)r["reason"]!).ShouldBe(count == 1 ? "bought together once" : $"bought together {count} times");
        }
    }

    private static Dictionary<string, int> TogetherWith(string sku)
    {
        using var reader = new StreamReader(RealFile.Path!);
        return Shop.Gateway.Import.RetailPlan.Read(reader).Orders
            .Select(o => o.Lines.Select(l => l.Sku.Value).Distinct().Take(100).ToArray()).Where(b => b.Contains(sku))
            .SelectMany(b => b.Where(o => o != sku)).CountBy(o => o).ToDictionary();
    }

    private static async Task<string> Run(StorePlace place, int exitCode, params string[] command)
    {
        using Process process = GatewayProcess.Run(command, place.Settings);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(exitCode, text + await errors);
        return text;
    }

    private static Process Start(StorePlace place, string file) => GatewayProcess.Run(["import", "online-retail", file], place.Settings);

    private static async Task<string> Import(StorePlace place, string file, int exitCode = 0)
    {
        using Process process = Start(place, file);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        text += await errors;
        process.ExitCode.ShouldBe(exitCode, text);
        return text;
    }

    private static async Task<long> Commits(StorePlace place)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(place.Directory, "shop.db")};Pooling=False");
        await connection.OpenAsync();
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM journal";
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
