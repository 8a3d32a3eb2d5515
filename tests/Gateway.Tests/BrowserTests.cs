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

        await over.CancelAsync();
        await sale;
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Sign out" }).ClickAsync();
        await Assertions.Expect(page.GetByLabel("Secret key")).ToBeVisibleAsync();
        browser.Complaints.ShouldAllBe(c => c.Contains("401", StringComparison.Ordinal));
    }
}

/// <summary>Debian's Chromium, and what it complained of: errors of scripts, and what the policy of the pages kept out.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Browser(IPlaywright playwright, IBrowser browser) => (_playwright, _browser) = (playwright, browser);

    /// <summary>Where it is; null when it is not installed.</summary>
    public static string? Executable { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(d => Path.Combine(d, "chromium")).FirstOrDefault(File.Exists);

    /// <summary>The rules of accessibility; the file is absent when they are not installed.</summary>
    public static string Rules { get; } = Path.Combine(Repository.Root, "artifacts", "npm", "node_modules", "axe-core", "axe.min.js");

    public List<string> Complaints { get; } = [];

    public static async Task<Browser> StartAsync()
    {
        IPlaywright playwright = await Playwright.CreateAsync();
        return new Browser(playwright, await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Executable, Args = ["--no-sandbox"] }));
    }

    public async Task<IPage> OpenAsync(Uri address, string path)
    {
        // The rules are put into the page from outside, which its policy would not let it do itself.
        IBrowserContext context = await _browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1280, Height = 900 } });
        await context.AddInitScriptAsync(scriptPath: Rules);
        IPage page = await context.NewPageAsync();
        page.Console += (_, message) =>
        {
            if (message.Type == "error") Complaints.Add(message.Text);
        };
        page.PageError += (_, error) => Complaints.Add(error);
        await page.GotoAsync(new Uri(address, path).ToString());
        return page;
    }

    /// <summary>No violation of WCAG's levels A and AA.</summary>
    public async Task CheckAccessibilityAsync(IPage page)
    {
        string found = await page.EvaluateAsync<string>(
            "async () => JSON.stringify((await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })).violations.map(v => [v.id, v.help, v.nodes.map(n => n.html.slice(0, 200))]))");
        found.ShouldBe("[]");
    }

    public Task ShootAsync(IPage page, string name) =>
        page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Repository.Root, "artifacts", "screenshots", name + ".png"), FullPage = true });

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}

/// <summary>A fact about pages in a browser; skipped, with the reason, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute()
    {
        if (Browser.Executable is null) Skip = "Chromium is not installed (Debian: apt-get install chromium).";
        else if (!File.Exists(Browser.Rules)) Skip = "axe-core is not installed (npm install --prefix artifacts/npm axe-core@4.14.1).";
    }
}
