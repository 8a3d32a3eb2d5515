using Microsoft.Playwright;

namespace Shop.Gateway.Tests;

/// <summary>Debian's Chromium, and what it complained of: errors of scripts, and what the policy of the pages kept out.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private const int TriesMax = 5;
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

    /// <summary>Opens a page as somebody new: with nothing stored.</summary>
    public async Task<IPage> OpenAsync(Uri address, string path)
    {
        // The rules are put into the page from outside, which its policy would not let it do itself.
        IBrowserContext context = await _browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1280, Height = 900 } });
        context.SetDefaultTimeout(15_000);
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

    /// <summary>The text of what has the focus.</summary>
    public static Task<string> FocusedAsync(IPage page) => page.EvaluateAsync<string>("document.activeElement.textContent.trim()");

    /// <summary>Goes on by the tabulator key until what has this text has the focus.</summary>
    public static async Task TabToAsync(IPage page, string text)
    {
        for (int i = 0; i < 40 && await FocusedAsync(page) != text; i++) await page.Keyboard.PressAsync("Tab");
        (await FocusedAsync(page)).ShouldBe(text);
    }

    /// <summary>No violation of WCAG's levels A and AA.</summary>
    public async Task CheckAccessibilityAsync(IPage page)
    {
        // Pages are live: when an element goes while the rules look at it they fail by themselves, and look again.
        for (int tries = 1; ; tries++)
        {
            try
            {
                await CheckOnceAsync(page);
                return;
            }
            catch (PlaywrightException e) when (tries < TriesMax && e.Message.Contains("axe.min.js", StringComparison.Ordinal))
            {
            }
        }
    }

    private static async Task CheckOnceAsync(IPage page)
    {
        string found = await page.EvaluateAsync<string>(
            "async () => JSON.stringify((await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })).violations.map(v => [v.id, v.help, v.nodes.map(n => n.html.slice(0, 200))]))");
        (found == "[]").ShouldBeTrue($"{page.Url}: {found}");
    }

    /// <summary>Opens a page of the back office or the dashboard, signed in.</summary>
    public async Task<IPage> SignInAsync(Uri address, string path, string key)
    {
        IPage page = await OpenAsync(address, path);
        await page.GetByLabel("Secret key").FillAsync(key);
        await page.Keyboard.PressAsync("Enter");
        return page;
    }

    public Task ShootAsync(IPage page, string name, bool isWhole = true) =>
        page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Repository.Root, "artifacts", "screenshots", name + ".png"), FullPage = isWhole });

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}

/// <summary>A fact about pages in a browser; skipped, with the reason, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute()
    {
        if (Browser.Executable is null) Skip = "Chromium is not installed (Debian: apt-get install chromium).";
        else if (!File.Exists(Browser.Rules)) Skip = "axe-core is not installed (npm install --prefix artifacts/npm axe-core@4.14.1).";
    }
}

/// <summary>A fact about pages that show the real orders; skipped, with the reason, where one of them is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RealBrowserFactAttribute : BrowserFactAttribute
{
    public RealBrowserFactAttribute()
    {
        Skip ??= RealFile.SkipReason;
    }
}
