using Microsoft.Playwright;

namespace Shop.Gateway.Tests;

/// <summary>The pages in a real browser: what they show, by keyboard alone, and by the rules of accessibility.</summary>
public sealed class BrowserTests
{
    [BrowserFact]
    public async Task The_dashboard_shows_the_load_of_a_running_flash_sale()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite");
        await host.Admin.Stock("SALE-1", 150);
        using var over = new CancellationTokenSource();
        Task sale = Task.Run(async () =>
        {
            while (!over.IsCancellationRequested) await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.Admin.Checkout("SALE-1")));
        });

        await using Browser browser = await Browser.StartAsync();
        IPage page = await browser.OpenAsync(host.Address, "/dashboard");
        await browser.CheckAccessibilityAsync(page);
        // By keyboard alone: the link past the heading, the parts, the key.
        await page.GetByLabel("Secret key").FocusAsync();
        await page.Keyboard.TypeAsync("sk_wrong_0123456789abcdef");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("This key is not known.").WaitForAsync();
        await page.GetByLabel("Secret key").FocusAsync();
        await page.Keyboard.TypeAsync(ShopHost.SecretKey);
        await page.Keyboard.PressAsync("Enter");

        ILocator stock = page.Locator("#grain-table tbody tr", new PageLocatorOptions { HasTextString = "StockGrain" });
        await stock.WaitForAsync();
        await Assertions.Expect(stock.Locator("td").Nth(2)).ToHaveTextAsync(new System.Text.RegularExpressions.Regex("^[1-9]"));
        (await page.Locator("#silo-table tbody tr").CountAsync()).ShouldBe(1);
        await Assertions.Expect(page.Locator("#state")).ToHaveTextAsync("Live");
        await Assertions.Expect(page.Locator("#charts figure").First.Locator("polyline")).ToHaveCountAsync(1);
        await page.Locator("#stream-table tbody tr", new PageLocatorOptions { HasTextString = "sales" }).WaitForAsync();

        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Name" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#grain-table th").First).ToHaveAttributeAsync("aria-sort", "ascending");
        await page.GetByLabel("Rows").SelectOptionAsync("method");
        await page.GetByLabel("Filter").FillAsync("stockgrain.res");
        await Assertions.Expect(page.Locator("#grain-table tbody tr")).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator("#grain-table tbody tr")).ToContainTextAsync("StockGrain.Reserve");
        await page.GetByLabel("Filter").FillAsync("");
        await page.GetByLabel("Rows").SelectOptionAsync("grain");
        await browser.CheckAccessibilityAsync(page);
        await browser.ShootAsync(page, "dashboard-light");

        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Dark });
        await browser.CheckAccessibilityAsync(page);
        await browser.ShootAsync(page, "dashboard-dark");
        await page.SetViewportSizeAsync(360, 740);
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(360);
        await browser.CheckAccessibilityAsync(page);
        await browser.ShootAsync(page, "dashboard-phone");

        // A class of its own, with the grain that everybody wants, and that grain's log.
        await page.SetViewportSizeAsync(1280, 900);
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Light });
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "StockGrain", Exact = true }).ClickAsync();
        await page.WaitForURLAsync("**/dashboard/grains/StockGrain", new PageWaitForURLOptions { WaitUntil = WaitUntilState.Commit });
        await Assertions.Expect(page.Locator("#key-table tbody tr").First).ToContainTextAsync("SALE-1");
        await Assertions.Expect(page.Locator("#method-table tbody tr", new PageLocatorOptions { HasTextString = "Reserve" })).ToHaveCountAsync(1);
        await browser.CheckAccessibilityAsync(page);
        await browser.ShootAsync(page, "dashboard-class");
        await page.Locator("#place-table a").ClickAsync();
        await page.WaitForURLAsync("**/dashboard/silos/*", new PageWaitForURLOptions { WaitUntil = WaitUntilState.Commit });
        await Assertions.Expect(page.Locator("#now")).ToContainTextAsync("active");
        await Assertions.Expect(page.Locator("#grain-table tbody tr", new PageLocatorOptions { HasTextString = "OrderGrain" })).ToHaveCountAsync(1);
        await browser.CheckAccessibilityAsync(page);
        await over.CancelAsync();
        await sale;
        await page.GotoAsync(new Uri(host.Address, "/dashboard/grains/StockGrain").ToString());
        await page.GetByLabel("State and log of one").FillAsync("SALE-1");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Look" }).ClickAsync();
        await page.WaitForURLAsync("**/admin/log/SALE-1?type=stock");
        await page.Locator(".timeline > li").First.WaitForAsync();
        await page.GotoAsync(new Uri(host.Address, "/dashboard").ToString());
        await Assertions.Expect(page.Locator("#reminder-table tbody tr")).ToHaveCountAsync(16);

        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Sign out" }).ClickAsync();
        await Assertions.Expect(page.GetByLabel("Secret key")).ToBeVisibleAsync();
        browser.Complaints.ShouldAllBe(c => c.Contains("401", StringComparison.Ordinal));
    }
}
