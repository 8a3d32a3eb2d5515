namespace Shop.Gateway.Tests;

/// <summary>What the back office and the dashboard ask of the API: lists, logs and states.</summary>
public sealed class BackOfficeApiTests
{
    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Orders_customers_and_coupons_are_listed_to_those_who_may_see_them(string kind)
    {
        await using ShopHost host = await ShopHost.StartAsync(kind);
        await host.Admin.Stock("L-1", 10);
        string[] orders = [Id(await host.Admin.Checkout("L-1")), Id(await host.Admin.Checkout("L-1")), Id(await host.Admin.Checkout("L-1"))];
        JsonArray newest = (await host.Admin.Get("/v1/orders?pageSize=2")).ShouldBe(200)["orders"].AsArray();
        newest.Select(o => (string)o!["id"]!).ShouldBe([orders[2], orders[1]]);
        for (int i = 0; i < 3; i++)
        {
            (await host.Admin.Post("/v1/customers", $$"""{"id":"c{{i}}"}""")).ShouldBe(201);
            (await host.Admin.Post("/v1/promotions", $$"""{"code":"P{{i}}","percentOff":5}""")).ShouldBe(201);
        }

        await Pages(host, "customers", "id", ["c0", "c1", "c2"]);
        await Pages(host, "promotions", "code", ["P0", "P1", "P2"]);
        using ShopClient visitor = await host.Visitor();
        string key = (string)(await host.Admin.Post("/v1/keys", """{"name":"most","scopes":["operate","catalog:write","stock:write"]}""")).ShouldBe(201)["key"]!;
        using var most = new ShopClient(host.Address, key);
        foreach (ShopClient other in new[] { visitor, most })
            foreach (string path in new[] { "orders", "customers", "promotions", $"grains/order/{orders[0]}", $"grains/order/{orders[0]}/commits", "grains/order" }) (await other.Get("/v1/" + path)).ShouldBe(403);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task The_log_of_a_grain_tells_what_happened_and_its_state_what_came_of_it(string kind)
    {
        await using ShopHost host = await ShopHost.StartAsync(kind);
        await host.Admin.Stock("G-1", 10);
        string order = Id(await host.Admin.Checkout("G-1", 2));
        (await host.Admin.Post($"/v1/orders/{order}/refunds", """{"reason":"late"}""")).ShouldBe(201);
        JsonNode state = (await host.Admin.Get($"/v1/grains/stock/G-1")).ShouldBe(200).Json!;
        ((long)state["state"]!["received"]!, (long)state["state"]!["sold"]!).ShouldBe((10, 2));
        JsonArray log = (await host.Admin.Get($"/v1/grains/order/{order}/commits")).ShouldBe(200)["commits"].AsArray();
        ((long)log[^1]!["version"]!).ShouldBe(1);
        log.SelectMany(c => c!["events"]!.AsArray()).Select(e => (string)e!["$type"]!).First().ShouldStartWith("order.refund");
        log.Sum(c => (long)c!["eventCount"]!).ShouldBe((long)(await host.Admin.Get($"/v1/grains/order/{order}")).ShouldBe(200)["version"]!);

        Answer page = (await host.Admin.Get($"/v1/grains/order/{order}/commits?limit=1")).ShouldBe(200);
        List<long> versions = [(long)page["commits"][0]!["version"]!];
        while ((long?)page.Json!["before"] is { } before)
        {
            page = (await host.Admin.Get($"/v1/grains/order/{order}/commits?limit=1&before={before}")).ShouldBe(200);
            versions.Add((long)page["commits"][0]!["version"]!);
        }

        versions.ShouldBe(Enumerable.Range(1, log.Count).Reverse().Select(v => (long)v));
        (await host.Admin.Get("/v1/grains/order/none")).ShouldBe(404);
        (await host.Admin.Get("/v1/grains/order/none/commits")).ShouldBe(404);
        (await host.Admin.Get("/v1/grains/Order/x")).ShouldBe(400);
        (await host.Admin.Get($"/v1/grains/order/{order}/commits?limit=0")).ShouldBe(400);
        (await host.Admin.Get("/v1/grains/stock")).ShouldBe(200)["ids"].AsArray().Select(i => (string)i!).ShouldBe(["G-1"]);
        // One for each partition, set soon after the start.
        await host.Admin.Until("/v1/reminders", a => a["reminders"].AsArray().Count == 16);
    }

    [Fact]
    public async Task A_state_that_is_too_large_to_be_shown_is_left_out()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite");
        await host.Admin.Stock("BIG", 5_000);
        await Parallel.ForAsync(0, 3_000, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (_, _) =>
            (await host.Admin.Post("/v1/stock/BIG/reservations", """{"quantity":1}""")).ShouldBe(201));
        JsonNode big = (await host.Admin.Get("/v1/grains/stock/BIG")).ShouldBe(200).Json!;
        (big["state"], (long)big["version"]!).ShouldBe((null, 3_001));
        (await host.Admin.Get("/v1/grains/stock/BIG/commits?limit=100")).ShouldBe(200);
    }

    [Fact]
    public async Task A_cart_shows_what_its_coupons_take_off_and_categories_are_counted()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite");
        await host.Admin.Stock("D-1", 10, 20m);
        (await host.Admin.Post("/v1/promotions", """{"code":"HALF","percentOff":50,"minimumTotal":{"amount":30,"currency":"EUR"}}""")).ShouldBe(201);
        string cart = await host.Admin.Cart(("D-1", 2));
        Answer with = (await host.Admin.Post($"/v1/carts/{cart}/coupons", """{"code":"HALF"}""")).ShouldBe(200);
        ((decimal)with["subtotal"]["amount"]!, (decimal)with["discounts"][0]!["amount"]!["amount"]!, (decimal)with["total"]["amount"]!).ShouldBe((40m, 20m, 20m));
        // Below the minimum it stays on the cart and takes nothing off.
        Answer fewer = (await host.Admin.Put($"/v1/carts/{cart}/lines/D-1", """{"quantity":1}""")).ShouldBe(200);
        (fewer["coupons"].AsArray().Count, fewer["discounts"].AsArray().Count, (decimal)fewer["total"]["amount"]!).ShouldBe((1, 0, 20m));

        foreach ((string id, string categories) in new[] { ("a", "\"x\",\"y\""), ("b", "\"X\"") })
            (await host.Admin.Put($"/v1/products/{id}", $$"""{"title":"T","categories":[{{categories}}],"variants":[{"sku":"S-{{id}}","prices":[{"amount":1,"currency":"EUR"}]}]}""")).ShouldBe(200);
        (await host.Admin.Get("/v1/categories")).ShouldBe(200)["categories"].AsArray().Select(c => ((string)c!["category"]!, (int)c["count"]!)).ShouldBe([("x", 2), ("y", 1)]);
        (await host.Admin.Delete("/v1/products/b")).ShouldBe(204);
        (await host.Admin.Get("/v1/categories")).ShouldBe(200)["categories"].AsArray().Select(c => ((string)c!["category"]!, (int)c["count"]!)).ShouldBe([("x", 1), ("y", 1)]);
    }

    private static string Id(Answer order) => (string)order.ShouldBe(201)["id"]!;

    private static async Task Pages(ShopHost host, string list, string name, string[] all)
    {
        List<string> found = [];
        string? token = null;
        do
        {
            Answer page = (await host.Admin.Get($"/v1/{list}?pageSize=2{(token is null ? "" : "&pageToken=" + Uri.EscapeDataString(token))}")).ShouldBe(200);
            found.AddRange(page[list].AsArray().Select(e => (string)e![name]!));
            token = (string?)page.Json!["nextPageToken"];
        }
        while (token is not null);
        found.ShouldBe(all);
    }
}
