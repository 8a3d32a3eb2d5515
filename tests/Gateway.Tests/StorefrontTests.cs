using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Shop.Gateway.Tests;

/// <summary>What visitors do in the storefront, in a real browser.</summary>
public sealed class StorefrontTests
{
    private const string Markup = "<img src=x onerror=\"document.title='broken'\"> & \"Sons\"";

    [BrowserFact]
    public async Task A_guest_buys_with_a_coupon_and_sees_the_refund_of_the_back_office_live()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite");
        await Product(host, "mug", "Tern mug", "MUG-1", 14.50m, 16.90m, "kitchen", 40);
        await Product(host, "kettle", "Heron kettle", "KETTLE-1", 69m, 79m, "kitchen", 5);
        await Product(host, "lamp", "Lantern lamp", "LAMP-1", 119m, 129m, "study", 5);
        (await host.Admin.Post("/v1/promotions", """{"code":"TEN","percentOff":10}""")).ShouldBe(201);
        await using Browser browser = await Browser.StartAsync();
        IPage page = await browser.OpenAsync(host.Address, "/");
        ILocator cards = page.Locator(".card");
        await Assertions.Expect(cards).ToHaveCountAsync(3);
        await browser.CheckAccessibilityAsync(page);

        // By category, then in another currency, then by a search.
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "kitchen" }).ClickAsync();
        await Assertions.Expect(cards).ToHaveCountAsync(2);
        await page.GetByLabel("Currency").SelectOptionAsync("USD");
        await Assertions.Expect(page.GetByText("$16.90")).ToBeVisibleAsync();
        await page.GetByLabel("Currency").SelectOptionAsync("EUR");
        await Assertions.Expect(page.GetByText("€14.50")).ToBeVisibleAsync();
        await page.GetByLabel("Search products").FillAsync("tern");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByText("1 product", new PageGetByTextOptions { Exact = true })).ToBeVisibleAsync();
        await browser.CheckAccessibilityAsync(page);
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Tern mug" }).ClickAsync();

        await Assertions.Expect(page.GetByText("In stock")).ToBeVisibleAsync();
        (await host.Admin.Post("/v1/stock/MUG-1/adjustments", """{"difference":-37,"reason":"a shelf fell"}""")).ShouldBe(201);
        await Assertions.Expect(page.GetByText("Only 3 left")).ToBeVisibleAsync();
        await browser.CheckAccessibilityAsync(page);
        await page.GetByLabel("Quantity").FillAsync("2");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Add to cart" }).ClickAsync();
        await Assertions.Expect(page.Locator("#cart-count")).ToHaveTextAsync("2");

        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { NameRegex = new Regex("^Cart") }).ClickAsync();
        await Assertions.Expect(page.Locator("#total")).ToHaveTextAsync("€29.00");
        await page.GetByLabel("Coupon").FillAsync("NONE");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Use it" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("does not apply");
        await page.GetByLabel("Coupon").FillAsync("TEN");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Use it" }).ClickAsync();
        await Assertions.Expect(page.Locator("#total")).ToHaveTextAsync("€26.10");
        await browser.CheckAccessibilityAsync(page);
        await browser.ShootAsync(page, "store-cart");

        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Check out" }).ClickAsync();
        await FillCheckout(page);
        await browser.CheckAccessibilityAsync(page);
        await page.GetByLabel("Test card that is declined").CheckAsync();
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Pay €26.10" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The payment was declined.");
        await page.GetByLabel("Test card that is approved", new PageGetByLabelOptions { Exact = true }).CheckAsync();
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Pay €26.10" }).ClickAsync();
        await Assertions.Expect(page.Locator(".status")).ToContainTextAsync("Placed.");
        await Assertions.Expect(page.Locator("#payment")).ToHaveTextAsync("captured");
        await browser.CheckAccessibilityAsync(page);
        string order = page.Url.Split('/')[^1];
        await host.Admin.CheckLevel("MUG-1", sold: 2, onHand: 1);

        // The back office gives half of it back, and whoever looks at the order sees it without doing anything.
        IPage admin = await browser.SignInAsync(host.Address, "/admin/orders", ShopHost.SecretKey);
        // Also the one whose payment was declined.
        await Assertions.Expect(admin.GetByRole(AriaRole.Cell, new PageGetByRoleOptions { Name = "buyer@example.com" })).ToHaveCountAsync(2);
        await admin.GetByLabel("Status").SelectOptionAsync("placed");
        await Assertions.Expect(admin.Locator("tbody tr")).ToHaveCountAsync(1);
        await browser.CheckAccessibilityAsync(admin);
        await admin.Locator("tbody a").First.ClickAsync();
        await admin.WaitForURLAsync("**/admin/orders/" + order);
        await admin.GetByLabel("Amount in EUR").FillAsync("13.05");
        await admin.Locator("#refund-reason").FillAsync("a chip in one");
        await browser.CheckAccessibilityAsync(admin);
        await admin.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Refund" }).ClickAsync();
        await Assertions.Expect(admin.Locator(".status")).ToContainTextAsync("€13.05 refunded");
        await Assertions.Expect(page.Locator("#refunded")).ToHaveTextAsync("€13.05");
        await Assertions.Expect(page.Locator(".status")).ToContainTextAsync("€13.05 was refunded.");
        await browser.ShootAsync(page, "store-order");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Orders" }).ClickAsync();
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await browser.CheckAccessibilityAsync(page);
        browser.Complaints.ShouldAllBe(c => c.Contains("402", StringComparison.Ordinal) || c.Contains("422", StringComparison.Ordinal));
    }

    [BrowserFact]
    public async Task A_code_that_is_typed_while_the_cart_is_drawn_again_stays()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite");
        await Product(host, "mug", "Tern mug", "MUG-1", 14.50m, 16.90m, "kitchen", 40);
        (await host.Admin.Post("/v1/promotions", """{"code":"TEN","percentOff":10}""")).ShouldBe(201);
        await using Browser browser = await Browser.StartAsync();
        IPage page = await browser.OpenAsync(host.Address, "/products/mug");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Add to cart" }).ClickAsync();
        await Assertions.Expect(page.Locator("#cart-count")).ToHaveTextAsync("1");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { NameRegex = new Regex("^Cart") }).ClickAsync();
        ILocator code = page.Locator("#code");
        await code.FillAsync("NONE");

        TaskCompletionSource isSent = new(TaskCreationOptions.RunContinuationsAsynchronously), isTyped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await page.RouteAsync("**/coupons", async route =>
        {
            isSent.TrySetResult();
            await isTyped.Task;
            await route.ContinueAsync();
        });
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Use it" }).ClickAsync();
        await isSent.Task.WaitAsync(TimeSpan.FromSeconds(10));
        await code.FillAsync("TEN");
        isTyped.SetResult();

        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("does not apply");
        await Assertions.Expect(code).ToHaveValueAsync("TEN");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Use it" }).ClickAsync();
        await Assertions.Expect(page.Locator("#total")).ToHaveTextAsync("€13.05");
        await Assertions.Expect(code).ToHaveValueAsync("");
    }

    [BrowserFact]
    public async Task What_is_sold_out_while_it_is_in_the_cart_is_said_in_the_cart_and_at_the_checkout()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite");
        await Product(host, "print", "Aurora print", "AURORA", 49m, 55m, "drops", 1);
        await using Browser browser = await Browser.StartAsync();
        IPage page = await browser.OpenAsync(host.Address, "/products/print");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Add to cart" }).ClickAsync();
        await Assertions.Expect(page.Locator("#cart-count")).ToHaveTextAsync("1");
        await page.GotoAsync(new Uri(host.Address, "/checkout").ToString());
        await FillCheckout(page);
        (await host.Admin.Checkout("AURORA")).ShouldBe(201);
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Pay €49.00" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Aurora print: sold out");
        await browser.CheckAccessibilityAsync(page);
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Change the cart" }).ClickAsync();
        await Assertions.Expect(page.Locator("tbody")).ToContainTextAsync("Sold out");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Remove Aurora print" }).ClickAsync();
        await Assertions.Expect(page.GetByText("The cart is empty.")).ToBeVisibleAsync();
        await host.Admin.CheckLevel("AURORA", sold: 1, onHand: 0);
        browser.Complaints.ShouldAllBe(c => c.Contains("409", StringComparison.Ordinal));
    }

    [BrowserFact]
    public async Task Everything_that_is_needed_to_buy_works_by_keyboard_alone()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite");
        await Product(host, "pen", "Quill pen", "PEN-1", 38m, 42m, "study", 3);
        await using Browser browser = await Browser.StartAsync();
        IPage page = await browser.OpenAsync(host.Address, "/");
        await page.Locator(".card").WaitForAsync();
        await page.Keyboard.PressAsync("Tab");
        (await Browser.FocusedAsync(page)).ShouldBe("To the content");
        await page.Keyboard.PressAsync("Enter");
        await Browser.TabToAsync(page, "Quill pen");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("Only 3 left").WaitForAsync();
        await Browser.TabToAsync(page, "Add to cart");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#cart-count")).ToHaveTextAsync("1");
        await page.EvaluateAsync("document.activeElement.blur()");
        await page.Locator("body").PressAsync("Home");
        await page.ReloadAsync();
        await page.GetByText("Only 3 left").WaitForAsync();
        await Assertions.Expect(page.Locator("#cart-count")).ToHaveTextAsync("1");
        await Browser.TabToAsync(page, "Cart 1");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("Check out").WaitForAsync();
        await Browser.TabToAsync(page, "Check out");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByLabel("E-mail").WaitForAsync();
        foreach ((string id, string text) in new[] { ("email", "buyer@example.com"), ("name", "A. Buyer"), ("line1", "1 Main Street"), ("postalCode", "BA1"), ("city", "Bath"), ("country", "GB") })
        {
            for (int i = 0; i < 30 && await page.EvaluateAsync<string>("document.activeElement.id") != id; i++) await page.Keyboard.PressAsync("Tab");
            await page.Keyboard.PressAsync("Control+a");
            await page.Keyboard.TypeAsync(text);
        }

        await Browser.TabToAsync(page, "Pay €38.00");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator(".status")).ToContainTextAsync("Placed.");
        await host.Admin.CheckLevel("PEN-1", sold: 1, onHand: 2);
        browser.Complaints.ShouldBeEmpty();
    }

    [BrowserFact]
    public async Task A_sale_counts_down_has_its_visitors_wait_and_shows_what_is_left()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite");
        await Product(host, "drop", "Aurora, first edition", "DROP-1", 49m, 55m, "drops", 10);
        async Task OpensAsync(DateTimeOffset at)
        {
            (await host.Admin.Put("/v1/stock/DROP-1/rules", $$"""{"windows":[{"from":"{{at:O}}","to":"{{at.AddHours(1):O}}"}]}""")).ShouldBe(200);
            (await host.Admin.Put("/v1/waiting-rooms/door", $$"""{"skus":["DROP-1"],"admittedPerSecond":1,"opensAt":"{{at:O}}"}""")).ShouldBe(200);
        }

        await OpensAsync(DateTimeOffset.UtcNow.AddMinutes(10));
        // Two are there before.
        for (int i = 0; i < 2; i++)
        {
            using ShopClient other = await host.Visitor();
            (await other.Post("/v1/waiting-rooms/door/tickets")).ShouldBe(201);
        }

        await using Browser browser = await Browser.StartAsync();
        IPage page = await browser.OpenAsync(host.Address, "/");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "To the sale" }).ClickAsync();
        await Assertions.Expect(page.Locator(".clock")).ToContainTextAsync("Opens in");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Join the waiting room" }).ClickAsync();
        await Assertions.Expect(page.Locator(".place")).ToContainTextAsync("You are number 3 in the queue");
        await browser.CheckAccessibilityAsync(page);
        await browser.ShootAsync(page, "store-sale");
        // However long the browser needed to get here, the sale opens after it was seen to wait.
        await OpensAsync(DateTimeOffset.UtcNow.AddSeconds(1));
        await Assertions.Expect(page.Locator(".clock")).ToHaveTextAsync("The sale is open", new LocatorAssertionsToHaveTextOptions { Timeout = 30_000 });
        await Assertions.Expect(page.Locator(".place")).ToHaveTextAsync("It is your turn.", new LocatorAssertionsToHaveTextOptions { Timeout = 60_000 });
        (await host.Admin.Checkout("DROP-1", 4)).ShouldBe(201);
        await Assertions.Expect(page.GetByText("6 of 10 units left")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Buy" }).ClickAsync();
        await FillCheckout(page);
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Pay €49.00" }).ClickAsync();
        await Assertions.Expect(page.Locator(".status")).ToContainTextAsync("Placed.");
        await host.Admin.CheckLevel("DROP-1", sold: 5, onHand: 5);
        browser.Complaints.ShouldBeEmpty();
    }

    [BrowserFact]
    public async Task What_somebody_wrote_is_shown_as_it_was_written_and_never_run()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite");
        await Product(host, "evil", Markup, "EVIL-1", 1m, 1m, "<b>bold</b>", 5);
        await using Browser browser = await Browser.StartAsync();
        IPage page = await browser.OpenAsync(host.Address, "/");
        await Assertions.Expect(page.Locator(".card-title")).ToHaveTextAsync(Markup);
        await Assertions.Expect(page.Locator(".facets")).ToContainTextAsync("<b>bold</b>");
        await page.Locator(".card a").ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync(Markup);
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Add to cart" }).ClickAsync();
        await Assertions.Expect(page.Locator("#cart-count")).ToHaveTextAsync("1");
        await page.GotoAsync(new Uri(host.Address, "/cart").ToString());
        await Assertions.Expect(page.Locator("tbody a")).ToHaveTextAsync(Markup);
        await page.GotoAsync(new Uri(host.Address, "/?q=" + Uri.EscapeDataString("<script>alert(1)</script>")).ToString());
        await Assertions.Expect(page.Locator("h1")).ToContainTextAsync("<script>alert(1)</script>");
        IPage admin = await browser.SignInAsync(host.Address, "/admin/products", ShopHost.SecretKey);
        await Assertions.Expect(admin.Locator("tbody")).ToContainTextAsync(Markup);
        foreach (IPage each in new[] { page, admin })
        {
            (await each.Locator("main img, main script, main b").CountAsync()).ShouldBe(0);
            (await each.TitleAsync()).ShouldNotBe("broken");
        }

        browser.Complaints.ShouldBeEmpty();
    }

    [BrowserFact]
    public async Task It_fits_a_phone_in_the_dark()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite");
        await Product(host, "mug", "Tern mug", "MUG-1", 14.50m, 16.90m, "kitchen", 40);
        await using Browser browser = await Browser.StartAsync();
        IPage page = await browser.OpenAsync(host.Address, "/");
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Dark });
        await page.SetViewportSizeAsync(360, 740);
        foreach ((string path, string sign) in new[] { ("/", ".card"), ("/products/mug", ".stock"), ("/cart", "main a"), ("/orders", "main h1"), ("/sales/mug", ".clock") })
        {
            await page.GotoAsync(new Uri(host.Address, path).ToString());
            await page.Locator(sign).First.WaitForAsync();
            (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(360, path);
            await browser.CheckAccessibilityAsync(page);
        }
    }

    private static async Task Product(ShopHost host, string id, string title, string sku, decimal euros, decimal dollars, string category, int units)
    {
        string Price(decimal amount, string currency) => string.Create(CultureInfo.InvariantCulture, $$"""{"amount":{{amount}},"currency":"{{currency}}"}""");
        (await host.Admin.Put($"/v1/products/{id}", $$"""
            {"title":{{System.Text.Json.JsonSerializer.Serialize(title)}},"description":"As described.","categories":["{{category}}"],"variants":[{"sku":"{{sku}}","prices":[{{Price(euros, "EUR")}},{{Price(dollars, "USD")}}]}]}
            """)).ShouldBe(200);
        (await host.Admin.Post($"/v1/stock/{sku}/receipts", $$"""{"quantity":{{units}},"reference":"opening"}""")).ShouldBe(201);
    }

    private static async Task FillCheckout(IPage page)
    {
        await page.GetByLabel("E-mail").FillAsync("buyer@example.com");
        await page.GetByLabel("Name", new PageGetByLabelOptions { Exact = true }).FillAsync("A. Buyer");
        await page.GetByLabel("Street and number").FillAsync("1 Main Street");
        await page.GetByLabel("Postal code").FillAsync("BA1");
        await page.GetByLabel("City").FillAsync("Bath");
    }
}
