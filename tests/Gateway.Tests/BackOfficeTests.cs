using Microsoft.Playwright;

namespace Shop.Gateway.Tests;

/// <summary>What administrators do in the back office, in a real browser.</summary>
public sealed class BackOfficeTests
{
    [BrowserFact]
    public async Task A_product_comes_into_the_shop_gets_stock_and_rules_and_its_log_tells_all_of_it()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite");
        await using Browser browser = await Browser.StartAsync();
        IPage page = await browser.SignInAsync(host.Address, "/admin/new-product", ShopHost.SecretKey);
        await page.GetByLabel("Id", Exact).FillAsync("vase");
        await page.GetByLabel("Title").FillAsync("Wren vase");
        await page.GetByLabel("Categories").FillAsync("home, gifts");
        await page.GetByLabel("SKU").FillAsync("VASE-1");
        await page.GetByLabel("Prices").FillAsync("24.50 EUR and some");
        await Button(page, "Create").ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("is not a price such as");
        await page.GetByLabel("Prices").FillAsync("24.50 EUR, 27.90 USD");
        await browser.CheckAccessibilityAsync(page);
        await Button(page, "Create").ClickAsync();
        await page.WaitForURLAsync("**/admin/products/vase");
        (await host.Admin.Get("/v1/products/vase")).ShouldBe(200).Text.ShouldContain("27.9");

        // Somebody else changes it meanwhile: nothing is overwritten.
        await Assertions.Expect(page.GetByLabel("Title")).ToHaveValueAsync("Wren vase");
        (await host.Admin.Put("/v1/products/vase", """{"title":"Wren vase, blue","variants":[{"sku":"VASE-1","prices":[{"amount":24.5,"currency":"EUR"}]}]}""")).ShouldBe(200);
        await Button(page, "Save").ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert).First).ToContainTextAsync("changed since it was read");
        await browser.CheckAccessibilityAsync(page);

        await page.GotoAsync(Url(host, "/admin/stock/VASE-1"));
        await page.GetByLabel("Units", Exact).FillAsync("12");
        await page.GetByLabel("Delivery note").FillAsync("D-1");
        await browser.CheckAccessibilityAsync(page);
        await Button(page, "Book the receipt").ClickAsync();
        await Assertions.Expect(page.Locator(".tiles")).ToContainTextAsync("Available12");
        await page.GetByLabel("Difference").FillAsync("-2");
        await page.GetByLabel("Reason").FillAsync("broken");
        await Button(page, "Correct it").ClickAsync();
        await Assertions.Expect(page.Locator(".tiles")).ToContainTextAsync("Available10");
        await page.GetByLabel("Units a customer").FillAsync("3");
        await page.GetByLabel("Sale from (UTC)").FillAsync("2030-01-01T10:00");
        await page.GetByLabel("Sale until (UTC)").FillAsync("2030-01-01T12:00");
        await Button(page, "Set the rules").ClickAsync();
        await Assertions.Expect(page.Locator("#notice")).ToHaveTextAsync("The rules are set.");
        JsonNode level = await host.Admin.Level("VASE-1");
        ((int)level["limitPerCustomer"]!).ShouldBe(3);
        ((DateTimeOffset)level["windows"]![0]!["from"]!).ShouldBe(new DateTimeOffset(2030, 1, 1, 10, 0, 0, TimeSpan.Zero));
        (await host.Admin.Checkout("VASE-1")).ShouldBe(409).Type.ShouldEndWith("not-for-sale");
        await page.GetByLabel("Name").FillAsync("january");
        await Button(page, "Open it").ClickAsync();
        await Assertions.Expect(page.GetByText("january: 0 wait")).ToBeVisibleAsync();
        page.Dialog += (_, dialog) => dialog.AcceptAsync();
        await Button(page, "End it").ClickAsync();
        await Assertions.Expect(Button(page, "Open it")).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Log of this SKU" }).ClickAsync();
        await Assertions.Expect(page.Locator(".timeline > li")).ToHaveCountAsync(3);
        await page.Locator("summary").Last.ClickAsync();
        await Assertions.Expect(page.Locator(".timeline")).ToContainTextAsync("D-1");
        await Assertions.Expect(page.GetByLabel("State", Exact)).ToContainTextAsync("\"received\": 12");
        await browser.CheckAccessibilityAsync(page);
        await browser.ShootAsync(page, "admin-log");

        await page.GotoAsync(Url(host, "/admin/products"));
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await browser.CheckAccessibilityAsync(page);
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Wren vase, blue" }).ClickAsync();
        await Button(page, "Delete the product").ClickAsync();
        await page.WaitForURLAsync("**/admin/products");
        await Assertions.Expect(page.GetByText("There is nothing here yet.")).ToBeVisibleAsync();
        browser.Complaints.ShouldAllBe(c => c.Contains("412", StringComparison.Ordinal) || c.Contains("404", StringComparison.Ordinal));
    }

    [BrowserFact]
    public async Task An_order_is_shipped_taken_back_and_another_is_cancelled()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite");
        await host.Admin.Stock("O-1", 10, 20m);
        string first = (string)(await host.Admin.Checkout("O-1", 3)).ShouldBe(201)["id"]!;
        string second = (string)(await host.Admin.Checkout("O-1")).ShouldBe(201)["id"]!;
        await using Browser browser = await Browser.StartAsync();
        IPage page = await browser.SignInAsync(host.Address, "/admin/orders/" + first, ShopHost.SecretKey);
        page.Dialog += (_, dialog) => dialog.AcceptAsync();
        await page.GetByLabel("of 3").FillAsync("2");
        await page.GetByLabel("Tracking").FillAsync("TRACK-1");
        await Button(page, "Ship").ClickAsync();
        await Assertions.Expect(page.GetByText("Shipped: 2 × O-1")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("TRACK-1")).ToBeVisibleAsync();
        await page.GetByLabel("of 2").FillAsync("1");
        await Button(page, "Take back").ClickAsync();
        await Assertions.Expect(page.GetByText("Came back: 1 × O-1")).ToBeVisibleAsync();
        await browser.CheckAccessibilityAsync(page);
        await browser.ShootAsync(page, "admin-order");
        JsonNode order = (await host.Admin.Get("/v1/orders/" + first)).ShouldBe(200).Json!;
        (order["fulfilments"]!.AsArray().Count, order["returns"]!.AsArray().Count).ShouldBe((1, 1));

        await page.GotoAsync(Url(host, "/admin/orders"));
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(2);
        await page.GetByLabel("Number, id or e-mail").FillAsync(second);
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/admin/orders/" + second);
        await page.Locator("#cancel-reason").FillAsync("wrong address");
        await Button(page, "Cancel the order").ClickAsync();
        await Assertions.Expect(page.Locator(".status")).ToContainTextAsync("cancelled");
        await host.Admin.CheckLevel("O-1", sold: 4, onHand: 8);
        browser.Complaints.ShouldBeEmpty();
    }

    [BrowserFact]
    public async Task Coupons_customers_and_keys_are_kept_and_figures_are_shown()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite");
        await host.Admin.Stock("K-1", 10, 20m);
        (await host.Admin.Post("/v1/customers", """{"id":"ada","name":"Ada","email":"ada@example.com"}""")).ShouldBe(201);
        (await host.Admin.Checkout("K-1", more: ",\"customerId\":\"ada\"")).ShouldBe(201);
        await host.Admin.Until("/v1/analytics/sales", a => (long)a["total"]["orders"]! == 1);
        await using Browser browser = await Browser.StartAsync();
        IPage page = await browser.SignInAsync(host.Address, "/admin/coupons", ShopHost.SecretKey);
        page.Dialog += (_, dialog) => dialog.AcceptAsync();
        await page.GetByLabel("Code").FillAsync("SPRING");
        await page.GetByLabel("Per cent off").FillAsync("15");
        await page.GetByLabel("Uses in total").FillAsync("100");
        await Button(page, "Save the coupon").ClickAsync();
        await Assertions.Expect(page.Locator("tbody")).ToContainTextAsync("15 %");
        await browser.CheckAccessibilityAsync(page);
        ((int)(await host.Admin.Get("/v1/promotions/SPRING")).ShouldBe(200)["usesMax"]).ShouldBe(100);

        await page.GotoAsync(Url(host, "/admin"));
        await Assertions.Expect(page.Locator(".tiles")).ToContainTextAsync("€20.00");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "What sells most" })).ToBeVisibleAsync();
        await page.Locator("summary").First.ClickAsync();
        await browser.CheckAccessibilityAsync(page);

        await page.GotoAsync(Url(host, "/admin/customers"));
        await browser.CheckAccessibilityAsync(page);
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "ada", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await browser.CheckAccessibilityAsync(page);
        IDownload export = await page.RunAndWaitForDownloadAsync(() => Button(page, "Export everything").ClickAsync());
        (await File.ReadAllTextAsync(await export.PathAsync())).ShouldContain("ada@example.com");
        await page.GetByLabel("Type the id to confirm").FillAsync("ada");
        await Button(page, "Erase for ever").ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Erased customer" })).ToBeVisibleAsync();
        (await host.Admin.Get("/v1/customers/ada")).Text.ShouldNotContain("ada@example.com");

        await page.GotoAsync(Url(host, "/admin/keys"));
        await page.GetByLabel("Name").FillAsync("warehouse");
        await page.GetByLabel("Change stock, sale windows and waiting rooms").CheckAsync();
        await Button(page, "Make the key").ClickAsync();
        string key = await page.Locator("code").InnerTextAsync();
        await browser.CheckAccessibilityAsync(page);
        using (var warehouse = new ShopClient(host.Address, key)) (await warehouse.Post("/v1/stock/K-1/receipts", """{"quantity":1}""")).ShouldBe(201);
        await Button(page, "Revoke warehouse").ClickAsync();
        await Assertions.Expect(page.Locator("#notice")).ToHaveTextAsync("warehouse is revoked.");
        using (var warehouse = new ShopClient(host.Address, key)) (await warehouse.Post("/v1/stock/K-1/receipts", """{"quantity":1}""")).ShouldBe(401);
        browser.Complaints.ShouldBeEmpty();
    }

    [BrowserFact]
    public async Task Products_and_their_stock_go_out_as_a_file_and_come_back_the_same()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite");
        await host.Admin.Stock("F-1", 7, 20m);
        await host.Admin.Put("/v1/products/f-odd", """{"title":"=2+2, \"quoted\"","description":"two\nlines","categories":["a","b"],"variants":[{"sku":"F-2","title":"Blue","prices":[{"amount":1.5,"currency":"EUR"},{"amount":2,"currency":"USD"}]},{"sku":"F-3","prices":[{"amount":3,"currency":"EUR"}]}]}""");
        await using Browser browser = await Browser.StartAsync();
        IPage page = await browser.SignInAsync(host.Address, "/admin/transfer", ShopHost.SecretKey);
        IDownload export = await page.RunAndWaitForDownloadAsync(() => Button(page, "Export").ClickAsync());
        string text = await File.ReadAllTextAsync(await export.PathAsync());
        text.ShouldContain("\"'=2+2, \"\"quoted\"\"\"");
        string file = Path.Combine(host.Place.Directory, "products.csv");
        await File.WriteAllTextAsync(file, text + "bad,Bad,,,yes,F-9,,not a price,1\r\n");
        JsonNode before = (await host.Admin.Get("/v1/products/f-odd")).ShouldBe(200).Json!;
        await using ShopHost other = await ShopHost.StartAsync("Sqlite");
        IPage target = await browser.SignInAsync(other.Address, "/admin/transfer", ShopHost.SecretKey);
        for (int i = 0; i < 2; i++)
        {
            await target.ReloadAsync();
            await target.GetByLabel("File").SetInputFilesAsync(file);
            await Button(target, "Import").ClickAsync();
            await Assertions.Expect(target.Locator("main > [role=status]")).ToHaveTextAsync("Done: 2 products imported, 1 refused.");
        }

        await Assertions.Expect(target.Locator("ul.bad li")).ToContainTextAsync("is not a price");
        await browser.CheckAccessibilityAsync(target);
        JsonNode after = (await other.Admin.Get("/v1/products/f-odd")).ShouldBe(200).Json!;
        foreach (string field in new[] { "title", "description", "categories", "variants", "published" }) after[field]!.ToJsonString().ShouldBe(before[field]!.ToJsonString());
        await other.Admin.CheckLevel("F-1", sold: 0, onHand: 7);
        browser.Complaints.ShouldAllBe(c => c.Contains("404", StringComparison.Ordinal));
    }

    [BrowserFact]
    public async Task A_key_sees_what_its_scopes_let_it_see_and_who_signs_out_sees_nothing()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite");
        string key = (string)(await host.Admin.Post("/v1/keys", """{"name":"catalogue","scopes":["catalog:write"]}""")).ShouldBe(201)["key"]!;
        await using Browser browser = await Browser.StartAsync();
        IPage page = await browser.SignInAsync(host.Address, "/admin/products", key);
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Products" })).ToBeVisibleAsync();
        await page.GotoAsync(Url(host, "/admin/orders"));
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("orders:read");
        await browser.CheckAccessibilityAsync(page);
        await Button(page, "Sign out").ClickAsync();
        await Assertions.Expect(page.GetByLabel("Secret key")).ToBeVisibleAsync();
        await browser.CheckAccessibilityAsync(page);
        await page.GetByLabel("Secret key").FillAsync("sk_wrong_0123456789abcdef");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByText("This key is not known.")).ToBeVisibleAsync();
        await page.SetViewportSizeAsync(360, 740);
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBeLessThanOrEqualTo(360);
        browser.Complaints.ShouldAllBe(c => c.Contains("401", StringComparison.Ordinal) || c.Contains("403", StringComparison.Ordinal));
    }

    private static readonly PageGetByLabelOptions Exact = new() { Exact = true };

    private static ILocator Button(IPage page, string name) => page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = name, Exact = true });

    private static string Url(ShopHost host, string path) => new Uri(host.Address, path).ToString();
}
