using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Shop.Gateway.Tests;

/// <summary>What the gateway does with input that no honest client sends. After each of them nothing has changed and the shop serves on.</summary>
public sealed class BadInputTests
{
    private static readonly string Long = new('x', 10_000);

    [Theory]
    [InlineData("not json", "application/json", 400)]
    [InlineData("{\"lines\":[", "application/json", 400)]
    [InlineData("", "application/json", 400)]
    [InlineData("null", "application/json", 400)]
    [InlineData("[]", "application/json", 400)]
    [InlineData("{}", "text/plain", 415)]
    [InlineData("{}", "application/xml", 415)]
    [InlineData("{\"lines\":[],\"lines\":[]}", "application/json", 400)]
    public async Task A_body_that_is_not_a_json_object_is_refused(string body, string type, int code) =>
        await Unchanged(async (shop, _) => (await shop.Post("/v1/checkouts", body, ("Content-Type", type))).ShouldBe(code));

    // More than the buffers of the two sides hold: the client reads its answer although it was not done with sending.
    [Theory]
    [InlineData(2_000_000)]
    [InlineData(15_000_000)]
    public async Task A_body_over_the_limit_is_refused(int length) =>
        await Unchanged(async (shop, _) => (await shop.Post("/v1/products", "{\"title\":\"" + new string('x', length) + "\"}")).ShouldBe(413));

    [Fact]
    public async Task Nesting_over_the_limit_is_refused() => await Unchanged(async (shop, sku) =>
        (await shop.Post("/v1/checkouts", "{\"x\":" + string.Concat(Enumerable.Repeat("[", 200)) + string.Concat(Enumerable.Repeat("]", 200)) + "}")).ShouldBe(400));

    [Fact]
    public async Task A_property_that_looks_like_a_privilege_is_never_honoured()
    {
        (ShopClient shop, string sku) = await ShopHost.ProductAsync(price: 25m);
        string cart = await shop.Cart();
        (await shop.Put($"/v1/carts/{cart}/lines/{sku}", """{"quantity":1,"price":0.01,"unitPrice":{"amount":0.01,"currency":"EUR"}}""")).ShouldBe(200);
        ((decimal)(await shop.Get($"/v1/carts/{cart}"))["subtotal"]["amount"]!).ShouldBe(25m);
        Answer order = (await shop.Post("/v1/checkouts", $$"""
            {"lines":[{"sku":"{{sku}}","quantity":1,"price":0.01}],"total":1,"role":"admin","status":"fulfilled","payment":{"token":"tok_approve","status":"captured","amount":1} }
            """)).ShouldBe(201);
        ((decimal)order["total"]["amount"]!).ShouldBe(25m);
        ((string)order["status"]!).ShouldBe("placed");
    }

    [Theory]
    [InlineData("{\"payment\":{\"token\":\"tok_approve\"}}", "lines")]
    [InlineData("{\"lines\":null,\"payment\":{\"token\":\"tok_approve\"}}", "lines")]
    [InlineData("{\"lines\":\"x\",\"payment\":{\"token\":\"tok_approve\"}}", "lines")]
    [InlineData("{\"lines\":[],\"payment\":{\"token\":\"tok_approve\"}}", "lines")]
    [InlineData("{\"lines\":[null],\"payment\":{\"token\":\"tok_approve\"}}", "lines")]
    [InlineData("{\"lines\":[{\"quantity\":1}],\"payment\":{\"token\":\"tok_approve\"}}", "sku")]
    [InlineData("{\"lines\":[{\"sku\":\"\",\"quantity\":1}],\"payment\":{\"token\":\"tok_approve\"}}", "sku")]
    [InlineData("{\"lines\":[{\"sku\":\"  \",\"quantity\":1}],\"payment\":{\"token\":\"tok_approve\"}}", "sku")]
    [InlineData("{\"lines\":[{\"sku\":7,\"quantity\":1}],\"payment\":{\"token\":\"tok_approve\"}}", "sku")]
    [InlineData("{\"lines\":[{\"sku\":\"SKU\",\"quantity\":1}]}", "payment")]
    [InlineData("{\"lines\":[{\"sku\":\"SKU\",\"quantity\":1}],\"payment\":null}", "payment")]
    [InlineData("{\"lines\":[{\"sku\":\"SKU\",\"quantity\":1}],\"payment\":{\"token\":\"\"}}", "token")]
    [InlineData("{\"lines\":[{\"sku\":\"SKU\",\"quantity\":1}],\"payment\":{\"token\":\"tok_approve\"},\"email\":\"nobody\"}", "email")]
    [InlineData("{\"lines\":[{\"sku\":\"SKU\",\"quantity\":1}],\"payment\":{\"token\":\"tok_approve\"},\"customerId\":\"\"}", "customerId")]
    [InlineData("{\"lines\":[{\"sku\":\"SKU\",\"quantity\":1}],\"payment\":{\"token\":\"tok_approve\"},\"shippingAddress\":[]}", "shippingAddress")]
    public async Task What_is_missing_empty_or_of_the_wrong_type_is_named(string body, string field) => await Unchanged(async (shop, sku) =>
        (await shop.Post("/v1/checkouts", body.Replace("SKU", sku, StringComparison.Ordinal))).ShouldBe(400)["errors"].AsObject().ShouldHaveSingleItem().Key.ShouldContain(field));

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("2147483648")]
    [InlineData("2147483647")]
    [InlineData("1e400")]
    [InlineData("NaN")]
    [InlineData("\"3\"")]
    [InlineData("null")]
    [InlineData("true")]
    public async Task A_quantity_that_is_none_is_refused_everywhere(string quantity) => await Unchanged(async (shop, sku) =>
    {
        string cart = await shop.Cart();
        (await shop.Post("/v1/checkouts", $$"""{"lines":[{"sku":"{{sku}}","quantity":{{quantity}} }],"payment":{"token":"tok_approve"} }""")).ShouldBe(400);
        (await shop.Put($"/v1/carts/{cart}/lines/{sku}", $$"""{"quantity":{{quantity}}}""")).ShouldBe(400);
        (await shop.Post($"/v1/stock/{sku}/receipts", $$"""{"quantity":{{quantity}}}""")).ShouldBe(400);
        (await shop.Post($"/v1/stock/{sku}/reservations", $$"""{"quantity":{{quantity}},"ttlSeconds":60}""")).ShouldBe(400);
    });

    [Theory]
    [InlineData("-0.01", "EUR")]
    [InlineData("1.005", "EUR")]
    [InlineData("1.5", "JPY")]
    [InlineData("1", "XXX")]
    [InlineData("1", "eur")]
    [InlineData("1", "")]
    [InlineData("1000000000000000000", "EUR")]
    [InlineData("1e30", "EUR")]
    [InlineData("\"1\"", "EUR")]
    [InlineData("null", "EUR")]
    public async Task A_price_that_is_none_is_refused(string amount, string currency) => await Unchanged(async (shop, _) =>
        (await shop.Post("/v1/products", $$"""{"title":"t","variants":[{"sku":"{{ShopHost.NewSku()}}","prices":[{"amount":{{amount}},"currency":"{{currency}}"}]}]}""")).ShouldBe(400));

    [Theory]
    [InlineData("a%2Fb")]
    [InlineData("a..b")]
    [InlineData("..%2F..%2Fetc")]
    [InlineData("a%0Ab")]
    [InlineData("a%252eb")]
    [InlineData("%E2%80%AEabc")]
    [InlineData("-a")]
    [InlineData("a b")]
    public async Task An_id_that_is_not_safe_is_refused_in_a_path(string id) => await Unchanged(async (shop, _) =>
    {
        (await shop.Get($"/v1/stock/{id}")).ShouldBe(400);
        (await shop.Get($"/v1/products/{id}")).ShouldBe(400);
        (await shop.Get($"/v1/orders/{id}")).ShouldBe(400);
    });

    [Theory]
    [InlineData("a/b")]
    [InlineData("a\\u0000b")]
    [InlineData("a\\nb")]
    [InlineData("\\u202Eabc")]
    [InlineData("\\ud800")]
    [InlineData("LONG")]
    public async Task An_id_that_is_not_safe_is_refused_in_a_body(string id) => await Unchanged(async (shop, _) =>
    {
        string text = id == "LONG" ? Long : id;
        (await shop.Post("/v1/checkouts", $$"""{"lines":[{"sku":"{{text}}","quantity":1}],"payment":{"token":"tok_approve"} }""")).ShouldBe(400);
        (await shop.Post("/v1/products", $$"""{"title":"t","variants":[{"sku":"{{text}}","prices":[{"amount":1,"currency":"EUR"}]}]}""")).ShouldBe(400);
    });

    [Theory]
    [InlineData("\\u0000")]
    [InlineData("abc\\u202Edef")]
    [InlineData("\\ud800 lonely")]
    public async Task A_title_with_a_character_that_deceives_is_refused(string title) => await Unchanged(async (shop, _) =>
        (await shop.Post("/v1/products", $$"""{"title":"{{title}}","variants":[{"sku":"{{ShopHost.NewSku()}}","prices":[{"amount":1,"currency":"EUR"}]}]}""")).ShouldBe(400));

    [Fact]
    public async Task What_is_not_there_is_not_found() => await Unchanged(async (shop, _) =>
    {
        foreach (string path in new[] { "products", "stock", "carts", "orders", "customers", "promotions" }) (await shop.Get($"/v1/{path}/nothing-here")).ShouldBe(404);
        (await shop.Checkout("NOTHING-HERE")).ShouldBe(404);
        (await shop.Put($"/v1/carts/{await shop.Cart()}/lines/NOTHING-HERE", """{"quantity":1}""")).ShouldBe(404);
        (await shop.Get("/v1/no-such-route")).ShouldBe(404);
    });

    [Theory]
    [InlineData("pageSize=0")]
    [InlineData("pageSize=-1")]
    [InlineData("pageSize=1000000000")]
    [InlineData("pageSize=x")]
    [InlineData("pageToken=rubbish")]
    [InlineData("pageToken=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task A_page_that_makes_no_sense_is_refused(string query) => await Unchanged(async (shop, _) => (await shop.Get("/v1/products?" + query)).ShouldBe(400));

    [Fact]
    public async Task A_page_token_fits_only_its_own_query()
    {
        (ShopClient shop, _) = await ShopHost.ProductAsync();
        await ShopHost.ProductAsync();
        string token = (string)(await shop.Until("/v1/products?pageSize=1&query=Product", a => (int)a["total"] > 1))["nextPageToken"]!;
        (await shop.Get($"/v1/products?pageSize=1&query=Product&pageToken={token}")).ShouldBe(200);
        (await shop.Get($"/v1/products?pageSize=1&query=Other&pageToken={token}")).ShouldBe(400);
        (await shop.Get($"/v1/products?pageSize=1&query=Product&pageToken={token[..^1]}{(token[^1] == 'A' ? 'B' : 'A')}")).ShouldBe(400);
    }

    [Fact]
    public async Task A_query_is_literal_and_bounded() => await Unchanged(async (shop, sku) =>
    {
        (await shop.Get("/v1/products?query=" + new string('a', 7_000))).ShouldBe(400);
        ((int)(await shop.Http.GetAsync("/v1/products?query=" + new string('a', 100_000))).StatusCode).ShouldBeOneOf(400, 414);
        foreach (string literal in new[] { ".*", "(", "' OR 1=1 --", "%", "_" })
            (await shop.Get("/v1/products?query=" + Uri.EscapeDataString(literal))).ShouldBe(200)["products"].AsArray().Count.ShouldBe(0);
        await shop.Until("/v1/products?query=" + sku.ToLowerInvariant(), a => a["products"].AsArray().Count == 1);
    });

    [Theory]
    [InlineData("/v1/products/P/recommendations?limit=0", 400)]
    [InlineData("/v1/products/P/recommendations?limit=51", 400)]
    [InlineData("/v1/products/P/recommendations?limit=x", 400)]
    [InlineData("/v1/products/P/recommendations?cartId=a%2Fb", 400)]
    [InlineData("/v1/products/P/recommendations?cartId=none", 404)]
    [InlineData("/v1/products/none/recommendations", 404)]
    [InlineData("/v1/customers/none/recommendations", 404)]
    [InlineData("/v1/customers/none/activity", 404)]
    [InlineData("/v1/analytics/sales?window=year", 400)]
    [InlineData("/v1/analytics/sales?from=yesterday", 400)]
    [InlineData("/v1/analytics/sales?from=2026-01-02&to=2026-01-01", 400)]
    [InlineData("/v1/analytics/sales?from=0001-01-01", 400)]
    [InlineData("/v1/analytics/sales?window=minute&from=2026-01-01&to=2026-02-01", 400)]
    [InlineData("/v1/analytics/top-products?limit=1000000", 400)]
    [InlineData("/v1/analytics/funnel?to=9999-12-31", 400)]
    [InlineData("/v1/analytics/stock?threshold=-1", 400)]
    [InlineData("/v1/events?types=Nonsense", 400)]
    [InlineData("/v1/events?from=tomorrow", 400)]
    [InlineData("/v1/events?subject=", 400)]
    public async Task Questions_about_events_that_make_no_sense_are_refused(string path, int code) => await Unchanged(async (shop, sku) => (await shop.Get(path.Replace("/P/", $"/p-{sku}/", StringComparison.Ordinal))).ShouldBe(code));

    [Theory]
    [InlineData("{\"views\":[]}", "views")]
    [InlineData("{\"views\":[null]}", "views[0]")]
    [InlineData("{\"views\":[{\"productId\":\"p\"}]}", "views[0].sessionId")]
    [InlineData("{\"views\":[{\"productId\":\"../p\",\"sessionId\":\"s\"}]}", "views[0].productId")]
    [InlineData("{\"views\":[{\"productId\":\"p\",\"sessionId\":\"s\",\"at\":\"2001-01-01T00:00:00Z\"}]}", "views[0].at")]
    [InlineData("{\"views\":[{\"productId\":\"p\",\"sessionId\":\"s\"},{\"productId\":\"p\",\"customerId\":\"a b\"}]}", "views[1].customerId")]
    public async Task Views_that_make_no_sense_are_refused(string body, string field) => await Unchanged(async (shop, _) => (await shop.Post("/v1/views", body)).ShouldBe(400).Text.ShouldContain(field));

    [Fact]
    public async Task Too_many_requests_are_told_when_to_come_back()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite", ("Shop:RateLimit:KeyBurst", "20"), ("Shop:RateLimit:KeyRequestsPerSecond", "10"));
        Answer[] answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => host.Admin.Get("/v1/products")));
        answers.ShouldContain(a => a.Code == 200);
        answers.First(a => a.Code != 200).ShouldBe(429).Headers.RetryAfter.ShouldNotBeNull();
    }

    [Fact]
    public async Task Headers_that_contradict_or_overflow_are_refused() => await Unchanged(async (shop, sku) =>
    {
        (await shop.Post($"/v1/stock/{sku}/receipts", """{"quantity":1}""", ("Idempotency-Key", "a"), ("Idempotency-Key", "b"))).ShouldBe(400);
        (await shop.Checkout(sku, idempotencyKey: new string('k', 256))).ShouldBe(400);
        (await Raw($"POST /v1/checkouts HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}")).ShouldStartWith("HTTP/1.1 400");
        (await Raw($"GET /v1/products HTTP/1.1\r\nHost: x\r\nX-Long: {new string('x', 40_000)}\r\n\r\n")).ShouldStartWith("HTTP/1.1 431");
        (await Raw("GET /v1/stock/a%00b HTTP/1.1\r\nHost: x\r\n\r\n")).ShouldStartWith("HTTP/1.1 400");
        (await shop.Send(HttpMethod.Patch, "/v1/products", null)).ShouldBe(405);
        (await shop.Send(new HttpMethod("BREW"), "/v1/products", null)).ShouldBe(405);
        (await shop.Get($"/v1/stock/{sku}/")).ShouldBe(200);
    });

    [Fact]
    public async Task A_client_that_sends_its_body_byte_by_byte_slows_nobody()
    {
        ShopHost host = await ShopHost.SharedAsync("Sqlite");
        using var slow = new TcpClient();
        await slow.ConnectAsync(host.Address.Host, host.Address.Port);
        await slow.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST /v1/checkouts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ShopHost.SecretKey}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{"));
        (await host.Admin.Get("/v1/products")).ShouldBe(200);
    }

    // Whatever is tried, the stock of a witness stays as it is and the shop answers on.
    private static async Task Unchanged(Func<ShopClient, string, Task> attempt)
    {
        (ShopClient shop, string sku) = await ShopHost.ProductAsync();
        await attempt(shop, sku);
        await shop.CheckLevel(sku, sold: 0, onHand: 5);
    }

    private static async Task<string> Raw(string request)
    {
        ShopHost host = await ShopHost.SharedAsync("Sqlite");
        using var client = new TcpClient();
        await client.ConnectAsync(host.Address.Host, host.Address.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        byte[] answer = new byte[512];
        int read = await client.GetStream().ReadAsync(answer);
        return Encoding.ASCII.GetString(answer, 0, read);
    }
}
