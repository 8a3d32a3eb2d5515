using System.Diagnostics;
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
        using (Process stopped = Start(place, RealFileFactAttribute.Path!))
        {
            await Task.Delay(TimeSpan.FromSeconds(5));
            stopped.Kill();
            await stopped.WaitForExitAsync();
        }

        string first = await Import(place, RealFileFactAttribute.Path!);
        first.ShouldContain("Everything reconciles to the penny.");
        first.ShouldContain("180,316.18");
        long commits = await Commits(place);
        string second = await Import(place, RealFileFactAttribute.Path!);
        second.ShouldContain("New in this run: 0 orders and returns");
        second.ShouldContain("Everything reconciles to the penny.");
        (await Commits(place)).ShouldBe(commits);
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

/// <summary>A test that needs the Online Retail file; reported as skipped, with the reason, where it is not there.</summary>
public sealed class RealFileFactAttribute : FactAttribute
{
    public RealFileFactAttribute()
    {
        if (Path is null) Skip = "online-retail.csv is not beside the repository (shared/data) and SHOP_ONLINE_RETAIL does not name it.";
    }

    public static string? Path { get; } = Find();

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("SHOP_ONLINE_RETAIL") is { } named && File.Exists(named)) return named;
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            string file = System.IO.Path.Combine(directory.FullName, "shared", "data", "online-retail.csv");
            if (File.Exists(file)) return file;
        }

        return null;
    }
}
