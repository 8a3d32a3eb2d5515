using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Shop.Gateway.Tests;

/// <summary>The pages with the real orders behind them; from here come the pictures of the README (artifacts/screenshots/readme-*.png).</summary>
public sealed class PictureTests
{
    private const string Product = "85123A";

    [RealBrowserFact]
    public async Task Storefront_back_office_and_dashboard_show_the_real_orders()
    {
        StorePlace place = await StorePlace.CreateAsync("Sqlite");
        using (Process import = GatewayProcess.Run(["import", "online-retail", RealFile.Path!], place.Settings))
        {
            Task<string> text = import.StandardOutput.ReadToEndAsync(), errors = import.StandardError.ReadToEndAsync();
            await import.WaitForExitAsync();
            import.ExitCode.ShouldBe(0, await text + await errors);
        }

        await using ShopHost host = await ShopHost.StartAsync(place, null, ("Shop:DefaultCurrency", "GBP"), ("Shop:Currencies", "GBP"));
        await ReceiveAsync(host);
        await using Browser browser = await Browser.StartAsync();
        IPage store = await browser.OpenAsync(host.Address, "/");
        await Assertions.Expect(store.Locator(".card")).ToHaveCountAsync(24);
        await browser.CheckAccessibilityAsync(store);
        await browser.ShootAsync(store, "readme-storefront", isWhole: false);
        await store.GotoAsync(new Uri(host.Address, "/products/" + Product).ToString());
        await Assertions.Expect(store.GetByText("Only 8 left")).ToBeVisibleAsync();
        await Assertions.Expect(store.GetByText(new Regex("bought together"))).ToHaveCountAsync(4);
        await browser.CheckAccessibilityAsync(store);
        await browser.ShootAsync(store, "readme-product", isWhole: false);

        // The figures are those of the file, to the penny: what was sold, and what was given back.
        IPage admin = await browser.SignInAsync(host.Address, "/admin?span=week&to=2010-12-05", ShopHost.SecretKey);
        await host.Admin.Until("/v1/analytics/sales?window=hour&from=2010-11-28T23:59:59Z&to=2010-12-05T23:59:59Z", a => (decimal?)a["total"]["revenue"]?[0]?["amount"] == 180_316.18m);
        await admin.ReloadAsync();
        await Assertions.Expect(admin.Locator(".tiles")).ToContainTextAsync("£180,316.18");
        await Assertions.Expect(admin.Locator(".tiles")).ToContainTextAsync("£184.00");
        await browser.CheckAccessibilityAsync(admin);
        await browser.ShootAsync(admin, "readme-back-office", isWhole: false);

        using var over = new CancellationTokenSource();
        await host.Admin.Stock("SALE-1", 100_000);
        Task sale = Task.Run(async () =>
        {
            while (!over.IsCancellationRequested) await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.Admin.Checkout("SALE-1")));
        });
        await admin.GotoAsync(new Uri(host.Address, "/dashboard").ToString());
        await Assertions.Expect(admin.Locator("#grain-table tbody tr", new PageLocatorOptions { HasTextString = "OrderGrain" })).ToHaveCountAsync(1);
        await Task.Delay(TimeSpan.FromSeconds(8));
        await browser.ShootAsync(admin, "readme-dashboard", isWhole: false);
        await over.CancelAsync();
        await sale;
        browser.Complaints.ShouldBeEmpty();
    }

    // The import sells what it received; recommendations and products have something to buy again.
    private static async Task ReceiveAsync(ShopHost host)
    {
        string? token = null;
        do
        {
            Answer page = (await host.Admin.Get($"/v1/products?pageSize=100{(token is null ? "" : "&pageToken=" + Uri.EscapeDataString(token))}")).ShouldBe(200);
            await Task.WhenAll(page["products"].AsArray().Select(async p =>
                (await host.Admin.Post($"/v1/stock/{(string)p!["variants"]![0]!["sku"]!}/receipts", """{"quantity":8,"reference":"for the picture"}""")).ShouldBe(201)));
            token = (string?)page.Json!["nextPageToken"];
        }
        while (token is not null);
    }
}
