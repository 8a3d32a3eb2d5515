namespace Shop.Gateway.Tests;

/// <summary>
/// Attacks of the kind that "ACIDRain" (Warszawski and Bailis, 2017) found in shops: requests that are harmless alone and
/// profitable at once. Each is tried many times on each store, through HTTP.
/// </summary>
public sealed class AttackTests
{
    private const int Rounds = 5;

    [Theory, SqliteStore, PostgreSqlStore]
    public Task The_last_unit_is_sold_once(string kind) => Try(kind, async shop =>
    {
        string sku = await Sku(shop, units: 1);
        Answer[] answers = await AtOnce(30, _ => shop.Checkout(sku));
        answers.Count(a => a.Code == 201).ShouldBe(1);
        answers.Count(a => a.Code == 409).ShouldBe(29);
        await shop.CheckLevel(sku, sold: 1, onHand: 0);
    });

    [Theory, SqliteStore, PostgreSqlStore]
    public Task The_last_use_of_a_coupon_is_redeemed_once(string kind) => Try(kind, async shop =>
    {
        string sku = await Sku(shop, units: 200), code = NewId().ToUpperInvariant();
        (await shop.Post("/v1/promotions", $$"""{"code":"{{code}}","percentOff":50,"usesMax":1}""")).ShouldBe(201);
        Answer[] answers = await AtOnce(100, _ => shop.Checkout(sku, more: $",\"coupons\":[\"{code}\"]"));
        answers.Count(a => a.Code == 201).ShouldBe(1);
        answers.Count(a => a.Code == 422).ShouldBe(99);
        ((long)(await shop.Get($"/v1/promotions/{code}"))["uses"]!).ShouldBe(1);
        await shop.CheckLevel(sku, sold: 1, onHand: 199);
    });

    [Theory, SqliteStore, PostgreSqlStore]
    public Task A_customer_uses_a_coupon_no_more_often_than_allowed(string kind) => Try(kind, async shop =>
    {
        string sku = await Sku(shop, units: 50), code = NewId().ToUpperInvariant();
        (await shop.Post("/v1/promotions", $$"""{"code":"{{code}}","amountOff":{"amount":1,"currency":"EUR"},"usesPerCustomerMax":2}""")).ShouldBe(201);
        Answer[] answers = await AtOnce(20, _ => shop.Checkout(sku, more: $",\"coupons\":[\"{code}\"],\"customerId\":\"{code}-c\""));
        answers.Count(a => a.Code == 201).ShouldBe(2);
        await shop.CheckLevel(sku, sold: 2, onHand: 48);
    });

    [Theory, SqliteStore, PostgreSqlStore]
    public Task A_customer_gets_no_more_units_than_the_limit(string kind) => Try(kind, async shop =>
    {
        string sku = await Sku(shop, units: 50);
        (await shop.Put($"/v1/stock/{sku}/rules", """{"limitPerCustomer":3}""")).ShouldBe(200);
        Answer[] answers = await AtOnce(20, _ => shop.Checkout(sku, more: $",\"customerId\":\"{sku}-c\""));
        answers.Count(a => a.Code == 201).ShouldBe(3);
        await shop.CheckLevel(sku, sold: 3, onHand: 47);
    });

    [Theory, SqliteStore, PostgreSqlStore]
    public Task A_cart_that_is_changed_during_its_checkout_charges_what_it_ships(string kind) => Try(kind, async shop =>
    {
        string cheap = await Sku(shop, units: 50, price: 1m), dear = await Sku(shop, units: 50, price: 100m);
        string cart = await shop.Cart((cheap, 1));
        Task<Answer> checkout = shop.CheckoutCart(cart);
        await AtOnce(10, i => shop.Put($"/v1/carts/{cart}/lines/{dear}", $$"""{"quantity":{{i + 1}}}"""));
        Answer order = await checkout;
        if (order.Code == 409) return; // The change came first and was not at the price that the checkout expected; nothing was sold.
        order.ShouldBe(201);
        decimal items = order["lines"].AsArray().Sum(l => (decimal)l!["price"]!["amount"]! * (int)l["quantity"]!);
        ((decimal)order["total"]["amount"]!).ShouldBe(items);
        int dearUnits = order["lines"].AsArray().Where(l => (string)l!["sku"]! == dear).Sum(l => (int)l!["quantity"]!);
        await shop.CheckLevel(dear, sold: dearUnits, onHand: 50 - dearUnits);
    });

    [Theory, SqliteStore, PostgreSqlStore]
    public Task A_cart_that_is_submitted_twice_is_one_order(string kind) => Try(kind, async shop =>
    {
        string sku = await Sku(shop, units: 50);
        string cart = await shop.Cart((sku, 2));
        Answer[] answers = await AtOnce(10, i => shop.CheckoutCart(cart, idempotencyKey: $"{cart}-{i}"));
        answers.Count(a => a.Code == 201).ShouldBe(1);
        answers.Count(a => a.Code == 409).ShouldBe(9);
        await shop.CheckLevel(sku, sold: 2, onHand: 48);
    });

    [Theory, SqliteStore, PostgreSqlStore]
    public Task A_request_that_is_sent_twice_under_its_key_happens_once(string kind) => Try(kind, async shop =>
    {
        string sku = await Sku(shop, units: 50), key = NewId();
        Answer[] answers = await AtOnce(10, _ => shop.Checkout(sku, 2, idempotencyKey: key));
        answers.Where(a => a.Code == 201).Select(a => (string)a["id"]!).Distinct().Count().ShouldBe(1);
        answers.ShouldAllBe(a => a.Code == 201 || a.Type.EndsWith("request-in-progress", StringComparison.Ordinal));
        await shop.CheckLevel(sku, sold: 2, onHand: 48);
    });

    [Theory, SqliteStore, PostgreSqlStore]
    public Task An_order_is_refunded_once(string kind) => Try(kind, async shop =>
    {
        string sku = await Sku(shop, units: 5, price: 30m);
        string order = (string)(await shop.Checkout(sku)).ShouldBe(201)["id"]!;
        Answer[] answers = await AtOnce(10, i => shop.Post($"/v1/orders/{order}/refunds", """{"amount":{"amount":30,"currency":"EUR"}}""", ("Idempotency-Key", $"{order}-{i}")));
        answers.Count(a => a.Code == 201).ShouldBe(1);
        answers.Count(a => a.Code == 422).ShouldBe(9);
        ((decimal)(await shop.Get($"/v1/orders/{order}"))["payment"]["refunded"]!["amount"]!).ShouldBe(30m);
    });

    [Theory, SqliteStore, PostgreSqlStore]
    public Task Partial_refunds_never_exceed_what_was_captured(string kind) => Try(kind, async shop =>
    {
        string sku = await Sku(shop, units: 5, price: 30m);
        string order = (string)(await shop.Checkout(sku)).ShouldBe(201)["id"]!;
        Answer[] answers = await AtOnce(10, _ => shop.Post($"/v1/orders/{order}/refunds", """{"amount":{"amount":7,"currency":"EUR"}}"""));
        answers.Count(a => a.Code == 201).ShouldBe(4);
        ((decimal)(await shop.Get($"/v1/orders/{order}"))["payment"]["refunded"]!["amount"]!).ShouldBe(28m);
    });

    [Theory, SqliteStore, PostgreSqlStore]
    public Task An_order_is_cancelled_or_fulfilled_but_never_both(string kind) => Try(kind, async shop =>
    {
        string sku = await Sku(shop, units: 5);
        string order = (string)(await shop.Checkout(sku)).ShouldBe(201)["id"]!;
        Answer[] answers = await AtOnce(8, i => shop.Post($"/v1/orders/{order}/{(i % 2 == 0 ? "cancel" : "fulfilments")}"));
        bool cancelled = answers.Where((_, i) => i % 2 == 0).Any(a => a.Code == 200);
        bool fulfilled = answers.Where((_, i) => i % 2 == 1).Any(a => a.Code == 201);
        (cancelled ^ fulfilled).ShouldBeTrue();
        JsonNode now = (await shop.Get($"/v1/orders/{order}")).ShouldBe(200).Json!;
        ((string)now["status"]!).ShouldBe(cancelled ? "cancelled" : "fulfilled");
        ((decimal)now["payment"]!["refunded"]!["amount"]!).ShouldBe(cancelled ? 10m : 0m);
        await shop.CheckLevel(sku, sold: 1, onHand: cancelled ? 5 : 4);
    });

    [Theory, SqliteStore, PostgreSqlStore]
    public Task A_stale_price_is_no_gift(string kind) => Try(kind, async shop =>
    {
        string sku = await Sku(shop, units: 50, price: 10m);
        string[] carts = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => shop.Cart((sku, 1))));
        Task raise = shop.Price(sku, 99m);
        Answer[] answers = await Task.WhenAll(carts.Select(c => shop.CheckoutCart(c)));
        await raise;
        foreach (Answer answer in answers)
        {
            if (answer.Code == 201) ((decimal)answer["total"]["amount"]!).ShouldBe(10m);
            else answer.ShouldBe(409).Type.ShouldEndWith("price-changed");
        }

        // Once the new price was acknowledged, nobody gets the old one.
        (await shop.CheckoutCart(await NewCartAt(shop, sku, 99m))).ShouldBe(201);
        ((decimal)(await shop.Checkout(sku))["total"]["amount"]!).ShouldBe(99m);
    });

    [Theory, SqliteStore, PostgreSqlStore]
    public Task What_was_bought_is_returned_once(string kind) => Try(kind, async shop =>
    {
        string sku = await Sku(shop, units: 5);
        string order = (string)(await shop.Checkout(sku, 3)).ShouldBe(201)["id"]!;
        (await shop.Post($"/v1/orders/{order}/fulfilments")).ShouldBe(201);
        Answer[] answers = await AtOnce(10, _ => shop.Post($"/v1/orders/{order}/returns", $$"""{"lines":[{"sku":"{{sku}}","quantity":2}]}"""));
        answers.Count(a => a.Code == 201).ShouldBe(1);
        answers.Count(a => a.Code == 422).ShouldBe(9);
        await shop.CheckLevel(sku, sold: 3, onHand: 4);
    });

    [Theory, SqliteStore, PostgreSqlStore]
    public Task Orders_that_want_the_same_two_skus_crosswise_get_both_or_neither(string kind) => Try(kind, async shop =>
    {
        string a = await Sku(shop, units: 3), b = await Sku(shop, units: 2);
        string Lines(int i) => i % 2 == 0
            ? $$"""{"lines":[{"sku":"{{a}}","quantity":1},{"sku":"{{b}}","quantity":1}],"payment":{"token":"tok_approve"} }"""
            : $$"""{"lines":[{"sku":"{{b}}","quantity":1},{"sku":"{{a}}","quantity":1}],"payment":{"token":"tok_approve"} }""";
        Answer[] answers = await AtOnce(10, i => shop.Post("/v1/checkouts", Lines(i)));
        int sold = answers.Count(x => x.Code == 201);
        sold.ShouldBeInRange(1, 2);
        ((long)(await shop.CheckLevel(a, sold, 3 - sold))["reserved"]!).ShouldBe(0);
        ((long)(await shop.CheckLevel(b, sold, 2 - sold))["reserved"]!).ShouldBe(0);
    });

    [Theory, SqliteStore, PostgreSqlStore]
    public Task A_reservation_is_confirmed_or_released_but_never_both(string kind) => Try(kind, async shop =>
    {
        string sku = await Sku(shop, units: 5);
        string id = (string)(await shop.Post($"/v1/stock/{sku}/reservations", """{"quantity":2,"ttlSeconds":60}""")).ShouldBe(201)["reservationId"]!;
        Answer[] answers = await AtOnce(8, i => i % 2 == 0 ? shop.Post($"/v1/stock/{sku}/reservations/{id}/confirm") : shop.Delete($"/v1/stock/{sku}/reservations/{id}"));
        bool confirmed = answers.Where((_, i) => i % 2 == 0).Any(a => a.Code == 204), released = answers.Where((_, i) => i % 2 == 1).Any(a => a.Code == 204);
        (confirmed ^ released).ShouldBeTrue();
        await shop.CheckLevel(sku, sold: confirmed ? 2 : 0, onHand: confirmed ? 3 : 5);
    });

    private static async Task<string> NewCartAt(ShopClient shop, string sku, decimal price)
    {
        string cart = await shop.Cart((sku, 1));
        ((decimal)(await shop.Get($"/v1/carts/{cart}"))["subtotal"]["amount"]!).ShouldBe(price);
        return cart;
    }

    private static string NewId() => "T" + Guid.NewGuid().ToString("N")[..12];

    private static async Task<string> Sku(ShopClient shop, int units, decimal price = 10m)
    {
        string sku = NewId();
        await shop.Stock(sku, units, price);
        return sku;
    }

    private static async Task<Answer[]> AtOnce(int count, Func<int, Task<Answer>> send)
    {
        using var gate = new SemaphoreSlim(0);
        Task<Answer>[] all = [.. Enumerable.Range(0, count).Select(async i =>
        {
            await gate.WaitAsync();
            return await send(i);
        })];
        gate.Release(count);
        return await Task.WhenAll(all);
    }

    private static async Task Try(string kind, Func<ShopClient, Task> attack)
    {
        ShopHost host = await ShopHost.SharedAsync(kind);
        for (int round = 0; round < Rounds; round++) await attack(host.Admin);
    }
}
