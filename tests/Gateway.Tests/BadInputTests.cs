using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
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
        (ShopClient shop, string sku) = await Product(price: 25m);
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
        (await shop.Post("/v1/products", $$"""{"title":"t","variants":[{"sku":"{{NewSku()}}","prices":[{"amount":{{amount}},"currency":"{{currency}}"}]}]}""")).ShouldBe(400));

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
        (await shop.Post("/v1/products", $$"""{"title":"{{title}}","variants":[{"sku":"{{NewSku()}}","prices":[{"amount":1,"currency":"EUR"}]}]}""")).ShouldBe(400));

    [Fact]
    public async Task What_is_not_there_is_not_found() => await Unchanged(async (shop, _) =>
    {
        foreach (string path in new[] { "products", "stock", "carts", "orders", "customers", "promotions" }) (await shop.Get($"/v1/{path}/nothing-here")).ShouldBe(404);
        (await shop.Checkout("NOTHING-HERE")).ShouldBe(404);
        (await shop.Put($"/v1/carts/{await shop.Cart()}/lines/NOTHING-HERE", """{"quantity":1}""")).ShouldBe(404);
        (await shop.Get("/v1/no-such-route")).ShouldBe(404);
    });

    [Fact]
    public async Task What_is_anothers_is_not_found()
    {
        ShopHost host = await ShopHost.SharedAsync("Sqlite");
        (_, string sku) = await Product();
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
        (await warehouse.Post($"/v1/stock/{NewSku()}/receipts", """{"quantity":1}""")).ShouldBe(201);
        (await warehouse.Post("/v1/orders/x/refunds")).ShouldBe(403);
        (await warehouse.Post("/v1/keys", """{"name":"more","scopes":["orders:write"]}""")).ShouldBe(403);
        (await host.Admin.Get("/v1/keys")).ShouldBe(200).Text.ShouldNotContain((string)key["key"]!);
        (await host.Admin.Delete($"/v1/keys/{key["id"]}")).ShouldBe(204);
        (await warehouse.Get("/v1/products")).ShouldBe(401);
    }

    [Fact]
    public async Task Checkout_of_an_empty_a_gone_and_a_used_cart()
    {
        (ShopClient shop, string sku) = await Product(units: 2);
        (await shop.CheckoutCart(await shop.Cart())).ShouldBe(422).Type.ShouldEndWith("cart-empty");
        (await shop.CheckoutCart("never-opened")).ShouldBe(404);
        string cart = await shop.Cart((sku, 1));
        string order = (string)(await shop.CheckoutCart(cart)).ShouldBe(201)["id"]!;
        ((string)(await shop.CheckoutCart(cart)).ShouldBe(409)["orderId"]!).ShouldBe(order);
        ((string)(await shop.Put($"/v1/carts/{cart}/lines/{sku}", """{"quantity":2}""")).ShouldBe(409)["orderId"]!).ShouldBe(order);
        await shop.CheckLevel(sku, sold: 1, onHand: 1);
    }

    [Fact]
    public async Task A_cart_that_expired_is_gone()
    {
        var clock = new ShiftedClock();
        await using ShopHost host = await ShopHost.StartAsync(await StorePlace.CreateAsync("Sqlite"), clock, ("Shop:CartLifetime", "1.00:00:00"));
        await host.Admin.Stock("A", 5);
        string cart = await host.Admin.Cart(("A", 1));
        clock.Advance(TimeSpan.FromHours(25));
        (await host.Admin.CheckoutCart(cart)).ShouldBe(410);
        (await host.Admin.Get($"/v1/carts/{cart}")).ShouldBe(410);
    }

    [Fact]
    public async Task Too_many_is_a_conflict_that_says_how_many_there_are()
    {
        (ShopClient shop, string sku) = await Product(units: 3);
        Answer one = (await shop.Checkout(sku, 4)).ShouldBe(409);
        ((long)one["shortages"][0]!["available"]!).ShouldBe(3);
        Answer two = (await shop.Post("/v1/checkouts", $$"""
            {"lines":[{"sku":"{{sku}}","quantity":2},{"sku":"{{sku}}","quantity":2}],"payment":{"token":"tok_approve"} }
            """)).ShouldBe(409);
        ((int)two["shortages"][0]!["requested"]!).ShouldBe(4);
        string cart = await shop.Cart((sku, 3));
        (await shop.Checkout(sku, 2)).ShouldBe(201);
        ((long)(await shop.CheckoutCart(cart)).ShouldBe(409)["shortages"][0]!["available"]!).ShouldBe(1);
        await shop.CheckLevel(sku, sold: 2, onHand: 1);
    }

    [Fact]
    public async Task An_idempotency_key_means_one_request_and_one_answer()
    {
        (ShopClient shop, string sku) = await Product(units: 9);
        string key = NewSku();
        Answer first = (await shop.Checkout(sku, 1, idempotencyKey: key)).ShouldBe(201);
        (await shop.Checkout(sku, 1, idempotencyKey: key)).ShouldBe(201).Text.ShouldBe(first.Text);
        (await shop.Checkout(sku, 2, idempotencyKey: key)).ShouldBe(422);
        await shop.CheckLevel(sku, sold: 1, onHand: 8);

        string receipt = NewSku();
        (string, string)[] header = [("Idempotency-Key", receipt)];
        Answer booked = (await shop.Post($"/v1/stock/{sku}/receipts", """{"quantity":5}""", header)).ShouldBe(201);
        (await shop.Post($"/v1/stock/{sku}/receipts", """{"quantity":5}""", header)).ShouldBe(201).Text.ShouldBe(booked.Text);
        (await shop.Post($"/v1/stock/{sku}/receipts", """{"quantity":6}""", header)).ShouldBe(422);
        await shop.CheckLevel(sku, sold: 1, onHand: 13);

        (string, string)[] refund = [("Idempotency-Key", NewSku())];
        Answer refunded = (await shop.Post($"/v1/orders/{first["id"]}/refunds", """{"amount":{"amount":2,"currency":"EUR"}}""", refund)).ShouldBe(201);
        (await shop.Post($"/v1/orders/{first["id"]}/refunds", """{"amount":{"amount":2,"currency":"EUR"}}""", refund)).ShouldBe(201).Text.ShouldBe(refunded.Text);
        (await shop.Post($"/v1/orders/{first["id"]}/refunds", """{"amount":{"amount":3,"currency":"EUR"}}""", refund)).ShouldBe(422);
    }

    [Fact]
    public async Task A_key_whose_first_request_still_runs_is_a_conflict()
    {
        (ShopClient shop, string sku) = await Product(units: 9);
        string key = NewSku();
        Answer[] answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => shop.Checkout(sku, 1, "tok_timeout", key)));
        Answer[] early = [.. answers.Where(a => a.Code == 409)];
        early.ShouldNotBeEmpty();
        early.ShouldAllBe(a => a.Type.EndsWith("request-in-progress", StringComparison.Ordinal));
        Answer[] others = [.. answers.Except(early)];
        others.ShouldNotBeEmpty();
        foreach (Answer answer in others) ((string)answer.ShouldBe(201)["status"]!).ShouldBe("pending");
        others.Select(a => (string)a["id"]!).Distinct().Count().ShouldBe(1);
    }

    [Fact]
    public async Task Coupons_that_do_not_apply_say_why()
    {
        (ShopClient shop, string sku) = await Product(units: 9, price: 10m);
        string Code(string rules)
        {
            string code = NewSku().ToUpperInvariant();
            shop.Post("/v1/promotions", $$"""{"code":"{{code}}",{{rules}}}""").GetAwaiter().GetResult().ShouldBe(201);
            return code;
        }

        async Task Refused(string code, string reason)
        {
            (await shop.Checkout(sku, more: $",\"coupons\":[\"{code}\"]")).ShouldBe(422).Type.ShouldEndWith("coupon-" + reason);
            string cart = await shop.Cart((sku, 1));
            (await shop.Post($"/v1/carts/{cart}/coupons", $$"""{"code":"{{code}}"}""")).ShouldBe(422).Type.ShouldEndWith("coupon-" + reason);
        }

        await Refused("NEVER-MADE", "unknown");
        await Refused(Code("\"percentOff\":10,\"validTo\":\"2020-01-01T00:00:00Z\""), "expired");
        await Refused(Code("\"percentOff\":10,\"validFrom\":\"2120-01-01T00:00:00Z\""), "not-yet-valid");
        await Refused(Code("\"percentOff\":10,\"minimumTotal\":{\"amount\":1000,\"currency\":\"EUR\"}"), "total-too-small");
        await Refused(Code("\"amountOff\":{\"amount\":1,\"currency\":\"USD\"}"), "other-currency");
        await Refused(Code("\"percentOff\":10,\"usesPerCustomerMax\":1"), "needs-customer");
        string once = Code("\"percentOff\":50,\"usesMax\":1");
        ((decimal)(await shop.Checkout(sku, more: $",\"coupons\":[\"{once}\"]")).ShouldBe(201)["total"]["amount"]!).ShouldBe(5m);
        await Refused(once, "used-up");
        string alone = Code("\"percentOff\":10"), other = Code("\"percentOff\":10,\"combinable\":true");
        (await shop.Checkout(sku, more: $",\"coupons\":[\"{alone}\",\"{other}\"]")).ShouldBe(422).Type.ShouldEndWith("coupon-not-combinable");
        await shop.CheckLevel(sku, sold: 1, onHand: 8);
        (await shop.Post("/v1/promotions", """{"code":"BOTH","percentOff":1,"amountOff":{"amount":1,"currency":"EUR"}}""")).ShouldBe(400);
        (await shop.Post("/v1/promotions", """{"code":"NONE"}""")).ShouldBe(400);
        (await shop.Post("/v1/promotions", """{"code":"MUCH","percentOff":100.5}""")).ShouldBe(400);
    }

    [Fact]
    public async Task A_price_that_changed_since_the_cart_was_filled_must_be_accepted()
    {
        (ShopClient shop, string sku) = await Product(units: 9, price: 10m);
        string cart = await shop.Cart((sku, 2));
        await shop.Price(sku, 12m);
        Answer changed = (await shop.CheckoutCart(cart)).ShouldBe(409);
        ((decimal)changed["changes"][0]!["oldPrice"]!["amount"]!, (decimal)changed["changes"][0]!["newPrice"]!["amount"]!).ShouldBe((10m, 12m));
        ((decimal)(await shop.CheckoutCart(cart, more: ",\"acceptPriceChanges\":true")).ShouldBe(201)["total"]["amount"]!).ShouldBe(24m);
    }

    [Fact]
    public async Task A_declined_payment_takes_nothing()
    {
        (ShopClient shop, string sku) = await Product(units: 9);
        (await shop.Checkout(sku, 1, "tok_decline")).ShouldBe(402);
        string cart = await shop.Cart((sku, 1));
        (await shop.CheckoutCart(cart, "tok_decline")).ShouldBe(402);
        (await shop.CheckoutCart(cart)).ShouldBe(201);
        JsonNode level = await shop.CheckLevel(sku, sold: 1, onHand: 8);
        ((long)level["reserved"]!).ShouldBe(0);
    }

    [Fact]
    public async Task A_provider_that_answers_late_twice_or_never_settles_the_order_once()
    {
        (ShopClient shop, string sku) = await Product(units: 9);
        Answer late = (await shop.Checkout(sku, 1, "tok_late")).ShouldBe(201);
        ((string)late["status"]!).ShouldBe("pending");
        Answer twice = (await shop.Checkout(sku, 1, "tok_twice")).ShouldBe(201);
        ((string)twice["status"]!).ShouldBe("placed");
        Answer never = (await shop.Checkout(sku, 1, "tok_timeout")).ShouldBe(201);
        ((string)never["status"]!).ShouldBe("pending");
        await Eventually(async () => (string)(await shop.Get($"/v1/orders/{late["id"]}"))["status"]! == "placed");
        await Eventually(async () => (string)(await shop.Get($"/v1/orders/{never["id"]}"))["status"]! == "cancelled");
        ((string)(await shop.Get($"/v1/orders/{twice["id"]}"))["payment"]["status"]!).ShouldBe("captured");
        // An order that is given up says so first, and then gives back what it holds.
        await Eventually(async () => (long)(await shop.Level(sku))["reserved"]! == 0);
        await shop.CheckLevel(sku, sold: 2, onHand: 7);
    }

    [Fact]
    public async Task A_callback_counts_only_with_its_signature_and_only_once()
    {
        ShopHost host = await ShopHost.SharedAsync("Sqlite");
        (ShopClient shop, string sku) = await Product(units: 9);
        using var provider = new ShopClient(host.Address, null);
        string order = (string)(await shop.Checkout(sku, 1, "tok_timeout")).ShouldBe(201)["id"]!;
        string body = $$"""{"paymentId":"{{order}}","outcome":"approved","reference":"ref-1"}""";
        string signature = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(ShopHost.CallbackSecret), Encoding.UTF8.GetBytes(body)));
        (await provider.Post("/v1/payments/callbacks/test", body)).ShouldBe(401);
        (await provider.Post("/v1/payments/callbacks/test", body, ("X-Signature", new string('0', 64)))).ShouldBe(401);
        (await provider.Post("/v1/payments/callbacks/test", body.Replace("ref-1", "ref-2", StringComparison.Ordinal), ("X-Signature", signature))).ShouldBe(401);
        for (int replay = 0; replay < 3; replay++) (await provider.Post("/v1/payments/callbacks/test", body, ("X-Signature", signature))).ShouldBe(204);
        ((string)(await shop.Get($"/v1/orders/{order}"))["status"]!).ShouldBe("placed");
        await shop.CheckLevel(sku, sold: 1, onHand: 8);
    }

    [Fact]
    public async Task Orders_leave_their_states_only_as_the_rules_say()
    {
        (ShopClient shop, string sku) = await Product(units: 9, price: 10m);
        string shipped = (string)(await shop.Checkout(sku, 2)).ShouldBe(201)["id"]!;
        (await shop.Post($"/v1/orders/{shipped}/returns", $$"""{"lines":[{"sku":"{{sku}}","quantity":1}]}""")).ShouldBe(409);
        (await shop.Post($"/v1/orders/{shipped}/fulfilments", $$"""{"lines":[{"sku":"{{sku}}","quantity":3}]}""")).ShouldBe(422);
        ((string)(await shop.Post($"/v1/orders/{shipped}/fulfilments", null)).ShouldBe(201)["status"]!).ShouldBe("fulfilled");
        (await shop.Post($"/v1/orders/{shipped}/cancel")).ShouldBe(409);
        (await shop.Post($"/v1/orders/{shipped}/fulfilments")).ShouldBe(409);
        (await shop.Post($"/v1/orders/{shipped}/returns", $$"""{"lines":[{"sku":"{{sku}}","quantity":3}]}""")).ShouldBe(422);
        (await shop.Post($"/v1/orders/{shipped}/refunds", """{"amount":{"amount":20.01,"currency":"EUR"}}""")).ShouldBe(422);
        (await shop.Post($"/v1/orders/{shipped}/refunds", """{"amount":{"amount":5,"currency":"USD"}}""")).ShouldBe(422);
        (await shop.Post($"/v1/orders/{shipped}/refunds", """{"amount":{"amount":0,"currency":"EUR"}}""")).ShouldBe(400);
        ((string)(await shop.Post($"/v1/orders/{shipped}/returns", """{}""")).ShouldBe(201)["status"]!).ShouldBe("returned");
        ((string)(await shop.Post($"/v1/orders/{shipped}/refunds", """{"amount":{"amount":20,"currency":"EUR"}}""")).ShouldBe(201)["payment"]["status"]!).ShouldBe("refunded");
        (await shop.Post($"/v1/orders/{shipped}/refunds", """{}""")).ShouldBe(422);
        string cancelled = (string)(await shop.Checkout(sku, 1)).ShouldBe(201)["id"]!;
        ((string)(await shop.Post($"/v1/orders/{cancelled}/cancel", """{"reason":"changed my mind"}""")).ShouldBe(200)["status"]!).ShouldBe("cancelled");
        (await shop.Post($"/v1/orders/{cancelled}/fulfilments")).ShouldBe(409);
        (await shop.Post($"/v1/orders/{cancelled}/refunds")).ShouldBe(409);
        JsonNode level = await shop.CheckLevel(sku, sold: 3, onHand: 9);
        ((long)level["returned"]!).ShouldBe(3);
    }

    [Fact]
    public async Task A_stale_version_is_refused()
    {
        (ShopClient shop, string sku) = await Product(price: 10m);
        string body = $$"""{"title":"New","variants":[{"sku":"{{sku}}","prices":[{"amount":11,"currency":"EUR"}]}]}""";
        string tag = (await shop.Get($"/v1/products/p-{sku}")).ShouldBe(200).Headers.ETag!.Tag;
        (await shop.Put($"/v1/products/p-{sku}", body, ("If-Match", tag))).ShouldBe(200);
        (await shop.Put($"/v1/products/p-{sku}", body.Replace("New", "Newer", StringComparison.Ordinal), ("If-Match", tag))).ShouldBe(412);
        (await shop.Delete($"/v1/products/p-{sku}", ("If-Match", tag))).ShouldBe(412);
        (await shop.Put($"/v1/products/p-{sku}", body, ("If-Match", "rubbish"))).ShouldBe(400);
        string cart = await shop.Cart();
        (await shop.Put($"/v1/carts/{cart}/lines/{sku}", """{"quantity":1}""", ("If-Match", "\"99\""))).ShouldBe(412);
    }

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
        (ShopClient shop, _) = await Product();
        await Product();
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

    private static string NewSku() => "T" + Guid.NewGuid().ToString("N")[..12];

    private static async Task<(ShopClient Shop, string Sku)> Product(int units = 5, decimal price = 10m)
    {
        ShopHost host = await ShopHost.SharedAsync("Sqlite");
        string sku = NewSku();
        await host.Admin.Stock(sku, units, price);
        return (host.Admin, sku);
    }

    // Whatever is tried, the stock of a witness stays as it is and the shop answers on.
    private static async Task Unchanged(Func<ShopClient, string, Task> attempt)
    {
        (ShopClient shop, string sku) = await Product();
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

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition()) await Task.Delay(50, limit.Token);
    }
}
