using System.Diagnostics;
using System.Net.Sockets;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Shop.Gateway.Access;

namespace Shop.Gateway.Tests;

/// <summary>What a newcomer, a storefront and an operator meet.</summary>
public sealed class ApiTests
{
    [Fact]
    public async Task The_api_describes_itself_in_openapi_3_1_and_has_a_reference_to_browse()
    {
        ShopHost host = await ShopHost.SharedAsync("Sqlite");
        using var anybody = new ShopClient(host.Address, null);
        JsonNode description = (await anybody.Get("/openapi/v1.json")).ShouldBe(200).Json!;
        ((string)description["openapi"]!).ShouldStartWith("3.1");
        JsonObject paths = description["paths"]!.AsObject();
        foreach (string path in new[] { "/v1/products", "/v1/stock/{sku}/receipts", "/v1/stock/{sku}/reservations", "/v1/carts/{id}/checkout", "/v1/checkouts", "/v1/orders/{id}/refunds", "/v1/customers/{id}/orders", "/v1/sessions", "/v1/keys" })
            paths.ContainsKey(path).ShouldBeTrue(path);
        paths["/v1/checkouts"]!["post"]!["requestBody"]!.ToJsonString().ShouldContain("CheckoutBody");
        paths["/v1/checkouts"]!["post"]!.ToJsonString().ShouldContain("Idempotency-Key");
        (await anybody.Get("/docs/index.html")).ShouldBe(200).Text.ShouldContain("swagger-ui");
        (await anybody.Get("/health/live")).ShouldBe(200);
        (await anybody.Get("/health/ready")).ShouldBe(200);
        Answer traced = await anybody.Get("/v1/nothing", ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        ((string)traced["traceId"]!).ShouldBe("0af7651916cd43dd8448eb211c80319c");
        traced.Headers.GetValues("traceparent").Single().ShouldContain("0af7651916cd43dd8448eb211c80319c");
    }

    [Fact]
    public async Task Every_route_says_who_may_call_it()
    {
        ShopHost host = await ShopHost.SharedAsync("Sqlite");
        string[] open = ["/v1/payments/callbacks/test"];
        host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.StartsWith("/v1/", StringComparison.Ordinal) && e.Metadata.GetMetadata<AccessRule>() is null)
            .Select(e => e.RoutePattern.RawText).ShouldBe(open);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_visitor_fills_a_cart_becomes_a_customer_buys_and_is_forgotten(string kind)
    {
        ShopHost host = await ShopHost.SharedAsync(kind);
        string sku = "V" + Guid.NewGuid().ToString("N")[..12];
        await host.Admin.Stock(sku, 10, 12.50m);
        using ShopClient visitor = await host.Visitor();
        string cart = await visitor.Cart((sku, 1)), older = await visitor.Cart((sku, 2));
        ((int)(await visitor.Post($"/v1/carts/{cart}/merge", $$"""{"from":"{{older}}"}""")).ShouldBe(200)["lines"][0]!["quantity"]!).ShouldBe(3);
        (await visitor.Put($"/v1/carts/{older}/lines/{sku}", """{"quantity":9}""")).ShouldBe(409);

        Answer customer = (await visitor.Post("/v1/customers", """{"name":"Ada","email":"ada@example.com","addresses":[{"city":"London"}]}""")).ShouldBe(201);
        Answer order = (await visitor.CheckoutCart(cart)).ShouldBe(201);
        ((string)order["customerId"]!, (decimal)order["total"]["amount"]!).ShouldBe(((string)customer["id"]!, 37.50m));
        Answer orders = (await visitor.Get($"/v1/customers/{customer["id"]}/orders")).ShouldBe(200);
        ((string)orders["orders"][0]!["id"]!).ShouldBe((string)order["id"]!);
        (await visitor.Get($"/v1/customers/{customer["id"]}/export")).ShouldBe(200).Text.ShouldContain("ada@example.com");

        (await visitor.Put($"/v1/customers/{customer["id"]}", """{"name":"Ada L.","email":"ada@example.com"}""")).ShouldBe(200);
        (await visitor.Delete($"/v1/customers/{customer["id"]}")).ShouldBe(204);
        Answer erased = (await visitor.Get($"/v1/customers/{customer["id"]}")).ShouldBe(200);
        ((bool)erased["erased"]!).ShouldBeTrue();
        erased.Text.ShouldNotContain("ada@example.com");

        (await visitor.Delete("/v1/sessions/current")).ShouldBe(204);
        (await visitor.Get($"/v1/carts/{cart}")).ShouldBe(401);
    }

    [Fact]
    public async Task An_explicit_reservation_holds_units_until_it_expires()
    {
        var clock = new ShiftedClock();
        await using ShopHost host = await ShopHost.StartAsync(await StorePlace.CreateAsync("Sqlite"), clock);
        await host.Admin.Stock("R", 3);
        Answer held = (await host.Admin.Post("/v1/stock/R/reservations", """{"quantity":3,"ttlSeconds":60,"customerId":"c"}""", ("Idempotency-Key", "hold"))).ShouldBe(201);
        (await host.Admin.Post("/v1/stock/R/reservations", """{"quantity":3,"ttlSeconds":60,"customerId":"c"}""", ("Idempotency-Key", "hold"))).ShouldBe(201).Text.ShouldBe(held.Text);
        (await host.Admin.Checkout("R")).ShouldBe(409);
        ((long)(await host.Admin.Level("R"))["available"]!).ShouldBe(0);
        clock.Advance(TimeSpan.FromSeconds(61));
        ((long)(await host.Admin.Level("R"))["available"]!).ShouldBe(3);
        (await host.Admin.Checkout("R", 3)).ShouldBe(201);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task Data_survives_a_restart_and_a_stop_loses_nobody(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using GatewayProcess shop = await GatewayProcess.StartAsync(place);
        await shop.Admin.Stock("S", 100);
        Task<Answer?>[] buying = [.. Enumerable.Range(0, 60).Select(async i =>
        {
            try
            {
                return await shop.Admin.Checkout("S", idempotencyKey: $"s-{i}");
            }
            catch (Exception e) when (e is HttpRequestException or SocketException)
            {
                return null;
            }
        })];
        await Task.Delay(100);
        (await shop.StopAsync()).ShouldBe(0);
        Answer?[] heard = await Task.WhenAll(buying);
        await shop.StartAsync();
        foreach (Answer placed in heard.OfType<Answer>().Where(a => a.Code == 201)) ((string)(await shop.Admin.Get($"/v1/orders/{placed["id"]}")).ShouldBe(200)["status"]!).ShouldBe("placed");
        Answer[] again = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => shop.Admin.Checkout("S", idempotencyKey: $"s-{i}")));
        again.ShouldAllBe(a => a.Code == 201);
        await shop.Admin.CheckLevel("S", sold: 60, onHand: 40);
        ((string)(await shop.Admin.Get("/v1/products/p-S")).ShouldBe(200)["title"]!).ShouldBe("Product S");
        await shop.Admin.Until("/v1/products?query=Product", a => a["products"].AsArray().Count == 1);
    }

    [Fact]
    public async Task An_empty_shop_has_a_demo_catalogue_in_development()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite", ("Shop:Demo", "true"));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while ((await host.Admin.Get("/v1/products?category=drops")).ShouldBe(200)["products"].AsArray().Count == 0) await Task.Delay(50, limit.Token);
        (await host.Admin.Checkout("AURORA-1")).ShouldBe(201);
    }

    [Theory]
    [InlineData("", "Shop__SecretKey")]
    [InlineData("--Shop:SecretKey=short", "at least 16 characters")]
    [InlineData("--Shop:SecretKey=0123456789abcdef0123 --Shop:Store=PostgreSql", "Shop:ConnectionString is missing")]
    [InlineData("--Shop:SecretKey=0123456789abcdef0123 --Shop:DefaultCurrency=euro", "ISO 4217")]
    public async Task A_setting_that_makes_no_sense_stops_the_start_and_says_what_to_set(string arguments, string message)
    {
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        using Process process = GatewayProcess.Run(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), arguments.Contains("PostgreSql", StringComparison.Ordinal) ? [] : place.Settings);
        string errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(1);
        errors.ShouldContain(message);
        errors.ShouldNotContain("   at ");
    }

    [Fact]
    public async Task A_second_process_in_the_same_data_directory_is_told_so()
    {
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        await using GatewayProcess first = await GatewayProcess.StartAsync(place);
        using Process second = GatewayProcess.Run([], [.. place.Settings, new("Shop:SecretKey", ShopHost.SecretKey), new("urls", "http://127.0.0.1:0")]);
        string errors = await second.StandardError.ReadToEndAsync();
        await second.WaitForExitAsync();
        second.ExitCode.ShouldBe(1);
        errors.ShouldContain("Another process uses the data directory");
    }
}
