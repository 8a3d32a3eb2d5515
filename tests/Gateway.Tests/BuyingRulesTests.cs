using System.Security.Cryptography;
using System.Text;

namespace Shop.Gateway.Tests;

/// <summary>What the rules of the shop refuse, and what a retry, a late provider or a changed price comes to. Nothing is taken for what was refused.</summary>
public sealed class BuyingRulesTests
{
    [Fact]
    public async Task Checkout_of_an_empty_a_gone_and_a_used_cart()
    {
        (ShopClient shop, string sku) = await ShopHost.ProductAsync(units: 2);
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
        (ShopClient shop, string sku) = await ShopHost.ProductAsync(units: 3);
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
        (ShopClient shop, string sku) = await ShopHost.ProductAsync(units: 9);
        string key = ShopHost.NewSku();
        Answer first = (await shop.Checkout(sku, 1, idempotencyKey: key)).ShouldBe(201);
        (await shop.Checkout(sku, 1, idempotencyKey: key)).ShouldBe(201).Text.ShouldBe(first.Text);
        (await shop.Checkout(sku, 2, idempotencyKey: key)).ShouldBe(422);
        await shop.CheckLevel(sku, sold: 1, onHand: 8);

        string receipt = ShopHost.NewSku();
        (string, string)[] header = [("Idempotency-Key", receipt)];
        Answer booked = (await shop.Post($"/v1/stock/{sku}/receipts", """{"quantity":5}""", header)).ShouldBe(201);
        (await shop.Post($"/v1/stock/{sku}/receipts", """{"quantity":5}""", header)).ShouldBe(201).Text.ShouldBe(booked.Text);
        (await shop.Post($"/v1/stock/{sku}/receipts", """{"quantity":6}""", header)).ShouldBe(422);
        await shop.CheckLevel(sku, sold: 1, onHand: 13);

        (string, string)[] refund = [("Idempotency-Key", ShopHost.NewSku())];
        Answer refunded = (await shop.Post($"/v1/orders/{first["id"]}/refunds", """{"amount":{"amount":2,"currency":"EUR"}}""", refund)).ShouldBe(201);
        (await shop.Post($"/v1/orders/{first["id"]}/refunds", """{"amount":{"amount":2,"currency":"EUR"}}""", refund)).ShouldBe(201).Text.ShouldBe(refunded.Text);
        (await shop.Post($"/v1/orders/{first["id"]}/refunds", """{"amount":{"amount":3,"currency":"EUR"}}""", refund)).ShouldBe(422);
    }

    [Fact]
    public async Task A_key_whose_first_request_still_runs_is_a_conflict()
    {
        (ShopClient shop, string sku) = await ShopHost.ProductAsync(units: 9);
        string key = ShopHost.NewSku();
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
        (ShopClient shop, string sku) = await ShopHost.ProductAsync(units: 9, price: 10m);
        string Code(string rules)
        {
            string code = ShopHost.NewSku().ToUpperInvariant();
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
        (ShopClient shop, string sku) = await ShopHost.ProductAsync(units: 9, price: 10m);
        string cart = await shop.Cart((sku, 2));
        await shop.Price(sku, 12m);
        Answer changed = (await shop.CheckoutCart(cart)).ShouldBe(409);
        ((decimal)changed["changes"][0]!["oldPrice"]!["amount"]!, (decimal)changed["changes"][0]!["newPrice"]!["amount"]!).ShouldBe((10m, 12m));
        ((decimal)(await shop.CheckoutCart(cart, more: ",\"acceptPriceChanges\":true")).ShouldBe(201)["total"]["amount"]!).ShouldBe(24m);
    }

    [Fact]
    public async Task A_declined_payment_takes_nothing()
    {
        (ShopClient shop, string sku) = await ShopHost.ProductAsync(units: 9);
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
        (ShopClient shop, string sku) = await ShopHost.ProductAsync(units: 9);
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
        (ShopClient shop, string sku) = await ShopHost.ProductAsync(units: 9);
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
        (ShopClient shop, string sku) = await ShopHost.ProductAsync(units: 9, price: 10m);
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
        (ShopClient shop, string sku) = await ShopHost.ProductAsync(price: 10m);
        string body = $$"""{"title":"New","variants":[{"sku":"{{sku}}","prices":[{"amount":11,"currency":"EUR"}]}]}""";
        string tag = (await shop.Get($"/v1/products/p-{sku}")).ShouldBe(200).Headers.ETag!.Tag;
        (await shop.Put($"/v1/products/p-{sku}", body, ("If-Match", tag))).ShouldBe(200);
        (await shop.Put($"/v1/products/p-{sku}", body.Replace("New", "Newer", StringComparison.Ordinal), ("If-Match", tag))).ShouldBe(412);
        (await shop.Delete($"/v1/products/p-{sku}", ("If-Match", tag))).ShouldBe(412);
        (await shop.Put($"/v1/products/p-{sku}", body, ("If-Match", "rubbish"))).ShouldBe(400);
        string cart = await shop.Cart();
        (await shop.Put($"/v1/carts/{cart}/lines/{sku}", """{"quantity":1}""", ("If-Match", "\"99\""))).ShouldBe(412);
    }

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition()) await Task.Delay(50, limit.Token);
    }
}
