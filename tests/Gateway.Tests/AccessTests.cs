namespace Shop.Gateway.Tests;

/// <summary>Who may see and do what: keys open what they are for, and what is another visitor's is not there.</summary>
public sealed class AccessTests
{
    [Fact]
    public async Task What_is_anothers_is_not_found()
    {
        ShopHost host = await ShopHost.SharedAsync("Sqlite");
        (_, string sku) = await ShopHost.ProductAsync();
        using ShopClient one = await host.Visitor();
        using ShopClient two = await host.Visitor();
        string cart = await one.Cart((sku, 1));
        string customer = (string)(await one.Post("/v1/customers", """{"name":"One","email":"one@example.com"}""")).ShouldBe(201)["id"]!;
        string order = (string)(await one.Checkout(sku)).ShouldBe(201)["id"]!;

        (await two.Get($"/v1/carts/{cart}")).ShouldBe(404);
        (await two.Put($"/v1/carts/{cart}/lines/{sku}", """{"quantity":5}""")).ShouldBe(404);
        (await two.CheckoutCart(cart)).ShouldBe(404);
        (await two.Get($"/v1/orders/{order}")).ShouldBe(404);
        (await two.Post($"/v1/orders/{order}/cancel")).ShouldBe(404);
        (await two.Get($"/v1/customers/{customer}")).ShouldBe(404);
        (await two.Get($"/v1/customers/{customer}/orders")).ShouldBe(404);
        (await two.Get($"/v1/customers/{customer}/export")).ShouldBe(404);
        (await two.Delete($"/v1/customers/{customer}")).ShouldBe(404);
        (await two.Checkout(sku, more: $",\"customerId\":\"{customer}\"")).ShouldBe(404);
        (await two.Post("/v1/carts", $$"""{"customerId":"{{customer}}"}""")).ShouldBe(404);

        (await one.Get($"/v1/carts/{cart}")).ShouldBe(200);
        (await one.Get($"/v1/orders/{order}")).ShouldBe(200);
        ((string)(await one.Get($"/v1/customers/{customer}")).ShouldBe(200)["email"]!).ShouldBe("one@example.com");
    }

    [Fact]
    public async Task Keys_open_what_they_are_for_and_nothing_else()
    {
        ShopHost host = await ShopHost.SharedAsync("Sqlite");
        using var nobody = new ShopClient(host.Address, null);
        using var wrong = new ShopClient(host.Address, "sk_wrong_0123456789abcdef");
        using var storefront = new ShopClient(host.Address, ShopHost.PublishableKey);
        using ShopClient visitor = await host.Visitor();
        (await nobody.Get("/v1/products")).ShouldBe(401);
        (await wrong.Get("/v1/products")).ShouldBe(401);
        (await storefront.Get("/v1/products")).ShouldBe(200);
        (await storefront.Post("/v1/products")).ShouldBe(403);
        (await storefront.Post("/v1/carts")).ShouldBe(403);
        (await visitor.Post("/v1/products")).ShouldBe(403);
        (await visitor.Post("/v1/stock/A/receipts", """{"quantity":1}""")).ShouldBe(403);
        (await visitor.Post("/v1/orders/x/refunds")).ShouldBe(403);
        (await visitor.Post("/v1/keys", """{"name":"mine","scopes":["*"]}""")).ShouldBe(403);
        (await storefront.Post("/v1/sessions", """{"customerId":"somebody"}""")).ShouldBe(403);

        Answer key = (await host.Admin.Post("/v1/keys", """{"name":"warehouse","scopes":["stock:write","keys"]}""")).ShouldBe(201);
        using var warehouse = new ShopClient(host.Address, (string)key["key"]!);
        (await warehouse.Post($"/v1/stock/{ShopHost.NewSku()}/receipts", """{"quantity":1}""")).ShouldBe(201);
        (await warehouse.Post("/v1/orders/x/refunds")).ShouldBe(403);
        (await warehouse.Post("/v1/keys", """{"name":"more","scopes":["orders:write"]}""")).ShouldBe(403);
        (await host.Admin.Get("/v1/keys")).ShouldBe(200).Text.ShouldNotContain((string)key["key"]!);
        (await host.Admin.Delete($"/v1/keys/{key["id"]}")).ShouldBe(204);
        (await warehouse.Get("/v1/products")).ShouldBe(401);
    }
}
