using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Shop.Gateway.Tests;

/// <summary>What becomes of events: figures, recommendations, profiles and the feed.</summary>
public sealed class EventTests
{
    private const string Me = "u1";

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Figures_are_exact_and_equal_a_recount(string kind)
    {
        await using ShopHost shop = await ShopHost.StartAsync(kind);
        await shop.Admin.Stock("a", 100, 12.34m);
        await shop.Admin.Stock("b", 5, 1m);
        string[] orders = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ => (string)(await shop.Admin.Checkout("a", 2)).ShouldBe(201)["id"]!));
        (await shop.Admin.Post($"/v1/orders/{orders[0]}/cancel")).ShouldBe(200);
        (await shop.Admin.Post($"/v1/orders/{orders[1]}/refunds", """{"amount":{"amount":1.23,"currency":"EUR"}}""")).ShouldBe(201);
        (await shop.Admin.Post("/v1/views", """{"views":[{"productId":"p-a","sessionId":"v1"},{"productId":"p-a","sessionId":"v2"},{"productId":"p-b","sessionId":"v1"}]}""")).ShouldBe(202);
        JsonNode total = (await Eventually(shop, "/v1/analytics/sales?window=day", a => (long)a["total"]!["orders"]! == 20 && (long)a["total"]!["cancelled"]! == 1 && Amount(a["total"]!["refunds"]!) == 25.91m))["total"]!;
        ((long)total["units"]!).ShouldBe(40);
        Amount(total["revenue"]!).ShouldBe(20 * 24.68m);
        Amount(total["averageOrderValue"]!).ShouldBe(24.68m);
        JsonNode funnel = await Eventually(shop, "/v1/analytics/funnel?window=minute", a => (long)a["views"]! == 3);
        ((long)funnel["paid"]!).ShouldBe(20);
        JsonNode top = await Eventually(shop, "/v1/analytics/top-products", a => a["products"]!.AsArray().Count == 1);
        ((string)top["products"]![0]!["productId"]!).ShouldBe("p-a");
        ((long)top["products"]![0]!["units"]!).ShouldBe(40);
        JsonNode low = await Eventually(shop, "/v1/analytics/stock?threshold=10", a => a["items"]!.AsArray().Count == 1);
        ((string)low["items"]![0]!["sku"]!, (long)low["items"]![0]!["available"]!).ShouldBe(("b", 5L));
        Answer recount = (await shop.Admin.Post("/v1/analytics/recount")).ShouldBe(200);
        ((bool)recount["equal"]!).ShouldBeTrue(recount.Text);
        JsonNode streams = (await shop.Admin.Get("/v1/streams")).ShouldBe(200).Json!;
        streams["parked"]!.AsArray().ShouldBeEmpty();
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Recommendations_follow_events_and_never_show_what_cannot_be_bought_or_is_in_the_cart(string kind)
    {
        await using ShopHost shop = await ShopHost.StartAsync(kind);
        foreach (string sku in new[] { "cup", "saucer", "spoon", "hat", "gone" }) await shop.Admin.Stock(sku, 50);
        (await shop.Admin.Post("/v1/customers", $$"""{"id":"{{Me}}"}""")).ShouldBe(201);
        for (int i = 0; i < 3; i++) await Buy(shop, "cup", "saucer");
        await Buy(shop, "cup", "gone");
        await Buy(shop, "cup", "spoon");
        (await shop.Admin.Post("/v1/stock/gone/adjustments", """{"difference":-49,"reason":"broken"}""")).ShouldBe(201);
        JsonNode beside = await Eventually(shop, "/v1/products/p-cup/recommendations?limit=3", a => a["recommendations"]!.AsArray().Any(r => (string)r!["reason"]! == "bought together 3 times"));
        ((string)beside["recommendations"]![0]!["productId"]!).ShouldBe("p-saucer");
        string[] shown = [.. beside["recommendations"]!.AsArray().Select(r => (string)r!["productId"]!)];
        shown.ShouldNotContain("p-gone");
        shown.ShouldNotContain("p-cup");
        string cart = await shop.Admin.Cart(("saucer", 1));
        (await shop.Admin.Get($"/v1/products/p-cup/recommendations?cartId={cart}")).ShouldBe(200).Text.ShouldNotContain("p-saucer");

        // Cold start: what nobody bought still gets what is in demand.
        JsonNode cold = (await shop.Admin.Get("/v1/products/p-hat/recommendations")).ShouldBe(200).Json!;
        cold["recommendations"]!.AsArray().ShouldNotBeEmpty();
        (await shop.Admin.Post("/v1/products/p-hat/views", $$"""{"customerId":"{{Me}}"}""")).ShouldBe(204);
        (await shop.Admin.Post("/v1/products/p-spoon/views", $$"""{"customerId":"{{Me}}"}""")).ShouldBe(204);
        await Eventually(shop, "/v1/products/p-hat/recommendations", a => a["recommendations"]!.AsArray().Any(r => (string)r!["kind"]! == "viewed-together" && (string)r["productId"]! == "p-spoon"));
        JsonNode mine = await Eventually(shop, $"/v1/customers/{Me}/recommendations", a => a["recommendations"]!.AsArray().Any(r => (string)r!["productId"]! == "p-cup"));
        mine["recommendations"]!.AsArray().Select(r => (string)r!["productId"]!).ShouldNotContain("p-gone");
        (await shop.Admin.Get("/v1/products/p-none/recommendations")).ShouldBe(404);
        (await shop.Admin.Get("/v1/products/p-cup/recommendations?limit=0")).ShouldBe(400);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_customers_activity_is_gathered_exported_and_erased(string kind)
    {
        await using ShopHost shop = await ShopHost.StartAsync(kind);
        await shop.Admin.Stock("x", 10, 5m);
        (await shop.Admin.Post("/v1/customers", $$"""{"id":"{{Me}}","email":"a@example.com"}""")).ShouldBe(201);
        (await shop.Admin.Checkout("x", 2, more: $$""","customerId":"{{Me}}" """)).ShouldBe(201);
        (await shop.Admin.Post("/v1/products/p-x/views", $$"""{"customerId":"{{Me}}"}""")).ShouldBe(204);
        JsonNode activity = await Eventually(shop, $"/v1/customers/{Me}/activity", a => (long)a["orders"]! == 1 && (long)a["views"]! == 1);
        Amount(activity["lifetimeValue"]!).ShouldBe(10m);
        ((string)activity["segment"]!).ShouldBe("new");
        activity["scores"]!.ToJsonString().ShouldBe("""{"recency":5,"frequency":1,"monetary":1}""");
        ((string)(await shop.Admin.Get($"/v1/customers/{Me}/export")).ShouldBe(200)["activity"]!["bought"]![0]!).ShouldBe("p-x");
        (await shop.Admin.Delete($"/v1/customers/{Me}")).ShouldBe(204);
        await Eventually(shop, $"/v1/customers/{Me}/activity", a => (long)a["orders"]! == 0 && a["viewed"]!.AsArray().Count == 0);
        (await shop.Admin.Get($"/v1/customers/{Me}/export")).ShouldBe(200).Text.ShouldNotContain("a@example.com");
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task The_feed_tells_every_event_in_order_and_goes_on_where_it_broke_off(string kind)
    {
        await using ShopHost shop = await ShopHost.StartAsync(kind);
        await shop.Admin.Stock("f", 500, 2m);
        string? last = null;
        ConcurrentDictionary<string, JsonNode> told = new();
        List<long> levels = [];
        Task sales = Task.Run(async () =>
        {
            for (int i = 0; i < 60; i++) (await shop.Admin.Checkout("f")).ShouldBe(201);
        });
        // A client that loses its connection after every few events. An order and its stock are told in order each, but not one by the other.
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (levels.Count < 61 || told.Values.Count(e => (string)e["type"]! == "OrderCreated") < 60)
        {
            patience.Token.ThrowIfCancellationRequested();
            foreach ((string id, JsonNode e) in await ReadAsync(shop, last, count: 25))
            {
                last = id;
                string eventId = (string)e["id"]!;
                if (told.TryAdd(eventId, e) && (string)e["type"]! == "InventoryUpdated") levels.Add((long)e["data"]!["newQuantity"]!);
            }
        }

        await sales;
        // One receipt, then one unit fewer with each order: nothing left out, nothing out of order.
        levels.ShouldBe([500, .. Enumerable.Range(1, 60).Select(i => 500L - i)]);
        foreach (JsonNode e in told.Values) EventSchemaTests.Violations((string)e["type"]!, e["data"]!).ShouldBeEmpty(e.ToJsonString());
        (string _, JsonNode order) = (await ReadAsync(shop, null, 1, "&types=OrderCreated")).Single();
        ((string)order["specversion"]!, (string)order["data"]!["currency"]!, (decimal)order["data"]!["totalAmount"]!).ShouldBe(("1.0", "EUR", 2m));
        (await ReadAsync(shop, null, 3, "&subject=f")).ShouldAllBe(e => (string)e.Event["subject"]! == "f");
        (await shop.Admin.Get("/v1/events?types=Nonsense")).ShouldBe(400);
        (await shop.Admin.Get("/v1/events", ("Last-Event-ID", "nonsense!"))).ShouldBe(400);
        using var storefront = new ShopClient(shop.Address, ShopHost.PublishableKey);
        (await storefront.Get("/v1/events")).ShouldBe(403);

        // Who comes from a future that is not ours, as after a restore, goes on at the end.
        Task<IReadOnlyList<(string Id, JsonNode Event)>> listening = ReadAsync(shop, Future(), 1, "&types=OrderCreated");
        for (int i = 0; i < 5 && !listening.IsCompleted; i++)
        {
            await Task.Delay(300);
            (await shop.Admin.Checkout("f")).ShouldBe(201);
        }

        told.ContainsKey((string)(await listening).Single().Event["id"]!).ShouldBeFalse();
    }

    private static string Future()
    {
        using var bytes = new MemoryStream();
        using (var writer = new BinaryWriter(bytes))
            for (int i = 0; i < 32; i++) writer.Write7BitEncodedInt64(long.MaxValue / 4);
        return Convert.ToBase64String(bytes.ToArray()).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Search_finds_words_and_beginnings_ranks_the_title_first_and_counts_categories(string kind)
    {
        await using ShopHost shop = await ShopHost.StartAsync(kind);
        await Save(shop, "p1", "Blue teapot", "Holds a litre.", "TEA-01", "kitchen");
        await Save(shop, "p2", "Cup", "Goes with the blue teapot.", "CUP-85123A", "kitchen");
        await Save(shop, "p3", "Café crème lamp", "Lights a room.", "LAMP_7", "light");
        await Save(shop, "p4", "Blue hidden lamp", "", "LAMP_8", "light", published: false);
        await shop.Admin.Until("/v1/products?query=lamp", a => (int)a["total"] == 2);
        Answer found = await shop.Admin.Until("/v1/products?query=blue%20teap", a => (int)a["total"] == 2);
        Ids(found).ShouldBe(["p1", "p2"]);
        found["categories"].ToJsonString().ShouldBe("""[{"category":"kitchen","count":2}]""");
        foreach ((string query, string[] ids) in new (string, string[])[]
        {
            ("85123", ["p2"]), ("cup-85123a", ["p2"]), ("lamp_7", ["p3"]), ("CAFE", ["p3"]), ("crème", ["p3"]), ("blue lamp", ["p4"]), ("teapot lamp", []), ("lue", []), ("\"", []), ("a OR b", []),
        })
            Ids((await shop.Admin.Get("/v1/products?query=" + Uri.EscapeDataString(query))).ShouldBe(200)).ShouldBe(ids, query);
        Ids((await shop.Admin.Get("/v1/products?query=blue&category=LIGHT")).ShouldBe(200)).ShouldBe(["p4"]);
        using var storefront = new ShopClient(shop.Address, ShopHost.PublishableKey);
        Ids((await storefront.Get("/v1/products?query=blue")).ShouldBe(200)).ShouldBe(["p1", "p2"]);
        Answer first = (await shop.Admin.Get("/v1/products?query=blue&pageSize=1")).ShouldBe(200);
        Ids((await shop.Admin.Get($"/v1/products?query=blue&pageSize=1&pageToken={first["nextPageToken"]}")).ShouldBe(200)).Length.ShouldBe(1);

        (await shop.Admin.Post("/v1/streams/search/rebuild")).ShouldBe(202);
        (await shop.Admin.Post("/v1/streams/none/rebuild")).ShouldBe(404);
        for (int i = 0; i < 10; i++) Ids((await shop.Admin.Get("/v1/products?query=blue")).ShouldBe(200)).ShouldBe(["p1", "p4", "p2"], ignoreOrder: true);
        await shop.Admin.Until("/v1/streams", a => a["consumers"].AsArray().All(c => c!["rebuildCommitsBehind"] is null));
        Ids((await shop.Admin.Get("/v1/products?query=blue")).ShouldBe(200)).ShouldBe(["p1", "p4", "p2"], ignoreOrder: true);

        await Save(shop, "p1", "Green teapot", "", "TEA-01", "kitchen");
        (await shop.Admin.Delete("/v1/products/p2")).ShouldBe(204);
        await shop.Admin.Until("/v1/products?query=blue%20teapot", a => (int)a["total"] == 0);
        Ids(await shop.Admin.Until("/v1/products?query=green", a => (int)a["total"] == 1)).ShouldBe(["p1"]);
    }

    private static string[] Ids(Answer answer) => [.. answer["products"].AsArray().Select(p => (string)p!["id"]!)];

    private static async Task Save(ShopHost shop, string id, string title, string description, string sku, string category, bool published = true) => (await shop.Admin.Put($"/v1/products/{id}", $$"""
        {"title":"{{title}}","description":"{{description}}","categories":["{{category}}"],"published":{{(published ? "true" : "false")}},
         "variants":[{"sku":"{{sku}}","prices":[{"amount":1,"currency":"EUR"}]}]}
        """)).ShouldBe(200);

    private static async Task<IReadOnlyList<(string Id, JsonNode Event)>> ReadAsync(ShopHost shop, string? last, int count, string more = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/events?from=start{more}");
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + ShopHost.SecretKey);
        if (last is not null) request.Headers.TryAddWithoutValidation("Last-Event-ID", last);
        using HttpResponseMessage answer = await shop.Admin.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        List<(string, JsonNode)> events = [];
        using var silence = new CancellationTokenSource();
        string id = "";
        try
        {
            while (events.Count < count)
            {
                silence.CancelAfter(TimeSpan.FromSeconds(3));
                if (await reader.ReadLineAsync(silence.Token) is not { } line) break;
                if (line.StartsWith("id: ", StringComparison.Ordinal)) id = line[4..];
                if (line.StartsWith("data: ", StringComparison.Ordinal)) events.Add((id, JsonNode.Parse(line[6..])!));
            }
        }
        catch (OperationCanceledException)
        {
            // There are fewer events now than would be taken.
        }

        return events;
    }

    private static async Task Buy(ShopHost shop, params string[] skus)
    {
        string lines = string.Join(',', skus.Select(s => $$"""{"sku":"{{s}}","quantity":1}"""));
        (await shop.Admin.Post("/v1/checkouts", $$"""{"lines":[{{lines}}],"email":"b@example.com","payment":{"method":"card","token":"tok_approve"} }""")).ShouldBe(201);
    }

    private static decimal Amount(JsonNode amounts) => amounts.AsArray().Sum(a => (decimal)a!["amount"]!);

    private static async Task<JsonNode> Eventually(ShopHost shop, string path, Func<JsonNode, bool> condition) => (await shop.Admin.Until(path, a => condition(a.Json!))).Json!;
}
