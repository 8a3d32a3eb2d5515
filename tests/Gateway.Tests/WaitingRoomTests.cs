namespace Shop.Gateway.Tests;

/// <summary>The queue before a sale: in order, at its rate, and not to be jumped.</summary>
public sealed class WaitingRoomTests
{
    [Fact]
    public async Task Nobody_buys_before_the_turn_by_any_way_round()
    {
        ShopHost host = await ShopHost.SharedAsync("Sqlite");
        (string sku, string room) = await Room(host, perSecond: 0);
        using ShopClient first = await host.Visitor(), second = await host.Visitor();
        Answer refused = (await first.Checkout(sku)).ShouldBe(403);
        (refused.Type, (string)refused["room"]!, (string)refused["sku"]!).ShouldBe(("urn:shop:problem:waiting-room", room, sku));
        string cart = await first.Cart((sku, 1));
        (await first.CheckoutCart(cart)).ShouldBe(403);

        Answer place = (await first.Post($"/v1/waiting-rooms/{room}/tickets")).ShouldBe(201);
        ((long)place["number"]!, (long)place["position"]!, (string)place["state"]!).ShouldBe((1, 1, "waiting"));
        string ticket = (string)place["ticket"]!;
        Answer other = (await second.Post($"/v1/waiting-rooms/{room}/tickets")).ShouldBe(201);
        ((long)other["number"]!).ShouldBe(2);
        // Joining again is the same place, as an impatient visitor finds out.
        ((long)(await first.Post($"/v1/waiting-rooms/{room}/tickets")).ShouldBe(201)["number"]!).ShouldBe(1);

        Answer waiting = (await Buy(first, sku, ticket)).ShouldBe(429);
        waiting.Headers.RetryAfter!.Delta!.Value.ShouldBeGreaterThan(TimeSpan.Zero);
        (await first.CheckoutCart(cart)).ShouldBe(403);

        (await host.Admin.Put($"/v1/waiting-rooms/{room}", Body(sku, 1_000))).ShouldBe(200);
        await first.Until($"/v1/waiting-rooms/{room}/tickets/{ticket}", a => (string)a["state"]! == "admitted");
        // Not with somebody else's ticket, a changed one, or one of another room.
        (await Buy(second, sku, ticket)).ShouldBe(403);
        (await second.Get($"/v1/waiting-rooms/{room}/tickets/{ticket}")).ShouldBe(404);
        (await Buy(first, sku, ticket[..^2] + (ticket[^2] == 'A' ? "B" : "A") + ticket[^1])).ShouldBe(403);
        (string otherSku, string otherRoom) = await Room(host, perSecond: 1_000);
        (await Buy(first, otherSku, ticket)).ShouldBe(403);
        (await first.Get($"/v1/waiting-rooms/{otherRoom}/tickets/{ticket}")).ShouldBe(404);
        foreach (string rubbish in new[] { "x", "%25", new string('A', 2_000), "AAAA" }) (await first.Get($"/v1/waiting-rooms/{room}/tickets/{rubbish}")).ShouldBe(404);

        (await Buy(first, sku, ticket)).ShouldBe(201);
        (await first.Send(HttpMethod.Post, $"/v1/carts/{cart}/checkout", """{"email":"a@example.com","payment":{"token":"tok_approve"}}""", ("Waiting-Room-Ticket", $"nonsense, {ticket}"))).ShouldBe(201);
    }

    [Fact]
    public async Task A_retry_gets_its_order_also_when_the_time_for_buying_is_over()
    {
        var clock = new ShiftedClock();
        await using ShopHost host = await ShopHost.StartAsync(await StorePlace.CreateAsync("Sqlite"), clock);
        (string sku, string room) = await Room(host, perSecond: 1_000);
        using ShopClient visitor = await host.Visitor();
        string ticket = (string)(await visitor.Post($"/v1/waiting-rooms/{room}/tickets")).ShouldBe(201)["ticket"]!;
        clock.Advance(TimeSpan.FromSeconds(2));
        // What the gateway knows of the room is a tenth of a second old at the most.
        await Task.Delay(200);
        Answer order = (await Buy(visitor, sku, ticket, "once")).ShouldBe(201);
        clock.Advance(TimeSpan.FromMinutes(11));
        await Task.Delay(200);
        ((string)(await visitor.Get($"/v1/waiting-rooms/{room}/tickets/{ticket}")).ShouldBe(200)["state"]!).ShouldBe("expired");
        (await Buy(visitor, sku, ticket, "another")).ShouldBe(410).Type.ShouldBe("urn:shop:problem:ticket-expired");
        ((string)(await Buy(visitor, sku, ticket, "once")).ShouldBe(201)["id"]!).ShouldBe((string)order["id"]!);
        ((long)(await visitor.Post($"/v1/waiting-rooms/{room}/tickets")).ShouldBe(201)["number"]!).ShouldBe(2);
    }

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_crowd_is_let_in_in_order_at_the_rate_also_when_the_shop_is_killed_meanwhile(string kind)
    {
        const int Visitors = 300, PerSecond = 100;
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using GatewayProcess shop = await GatewayProcess.StartAsync(place);
        await shop.Admin.Stock("ROOM-1", Visitors);
        DateTimeOffset opens = DateTimeOffset.UtcNow + TimeSpan.FromHours(1);
        (await shop.Admin.Put("/v1/waiting-rooms/crowd", Body("ROOM-1", PerSecond, $",\"opensAt\":\"{opens:O}\""))).ShouldBe(200);
        string[] sessions = await Task.WhenAll(Enumerable.Range(0, Visitors).Select(async _ => (string)(await shop.Admin.Post("/v1/sessions")).ShouldBe(201)["token"]!));
        List<(string Session, string Ticket, long Number)> known = [];
        foreach (string[] some in sessions.Chunk(50))
        {
            Answer[] joined = await Task.WhenAll(some.Select(async s =>
            {
                using ShopClient visitor = shop.Client(s);
                return await visitor.Post("/v1/waiting-rooms/crowd/tickets");
            }));
            long before = known.Count;
            // Whoever asked later is behind those who have their answer.
            foreach ((string session, Answer answer) in some.Zip(joined))
            {
                long number = (long)answer.ShouldBe(201)["number"]!;
                number.ShouldBeInRange(before + 1, before + some.Length);
                known.Add((session, (string)answer["ticket"]!, number));
            }
        }

        known.Select(t => t.Number).Distinct().Count().ShouldBe(Visitors);
        await shop.KillAsync();
        await shop.StartAsync();
        (ShopClient Visitor, string Ticket, long Number)[] tickets = [.. known.Select(k => (shop.Client(k.Session), k.Ticket, k.Number))];
        // Now, not in an hour.
        (await shop.Admin.Put("/v1/waiting-rooms/crowd", Body("ROOM-1", PerSecond))).ShouldBe(200);
        DateTimeOffset began = DateTimeOffset.UtcNow;
        for (int round = 0; ; round++)
        {
            long low = (long)(await shop.Admin.Get("/v1/waiting-rooms/crowd")).ShouldBe(200)["admitted"]!;
            (ShopClient Visitor, string Ticket, long Number)[] some = [.. tickets.Where((_, i) => i % 10 == round % 10)];
            Answer[] answers = await Task.WhenAll(some.Select(t => t.Visitor.Get($"/v1/waiting-rooms/crowd/tickets/{t.Ticket}")));
            double seconds = (DateTimeOffset.UtcNow - began).TotalSeconds;
            long high = (long)(await shop.Admin.Get("/v1/waiting-rooms/crowd")).ShouldBe(200)["admitted"]!;
            high.ShouldBeLessThanOrEqualTo((long)((seconds + 2) * PerSecond));
            foreach (((_, _, long number), Answer answer) in some.Zip(answers))
            {
                bool admitted = (string)answer.ShouldBe(200)["state"]! == "admitted";
                // What the gateway knows is a tenth of a second old at the most, so those in between may be either.
                if (number > high) admitted.ShouldBeFalse();
                if (number <= low - (PerSecond / 2)) admitted.ShouldBeTrue();
            }

            if (low == Visitors) break;
            seconds.ShouldBeLessThan(30);
            await Task.Delay(50);
        }

        (DateTimeOffset.UtcNow - began).TotalSeconds.ShouldBeGreaterThan((Visitors / PerSecond) - 1.5);
        // The gateway knows of it a tenth of a second later.
        await Task.Delay(200);
        Answer[] bought = await Task.WhenAll(tickets.Select(t => Buy(t.Visitor, "ROOM-1", t.Ticket)));
        bought.ShouldAllBe(a => a.Code == 201);
        await shop.Admin.CheckLevel("ROOM-1", sold: Visitors, onHand: 0);
        foreach ((ShopClient visitor, _, _) in tickets) visitor.Dispose();
    }

    [Fact]
    public async Task Rooms_are_checked_listed_and_ended()
    {
        ShopHost host = await ShopHost.SharedAsync("Sqlite");
        (string sku, string room) = await Room(host, perSecond: 5);
        foreach (string body in new[] { "{}", """{"skus":[],"admittedPerSecond":1}""", $$"""{"skus":["{{sku}}"],"admittedPerSecond":-1}""", $$"""{"skus":["{{sku}}"],"admittedPerSecond":1e9}""", $$"""{"skus":["{{sku}}"],"admittedPerSecond":1,"admissionSeconds":0}""" })
            (await host.Admin.Put($"/v1/waiting-rooms/{room}", body)).ShouldBe(400);
        (await host.Admin.Put($"/v1/waiting-rooms/{room}-2", Body(sku, 1))).ShouldBe(409).Type.ShouldBe("urn:shop:problem:sku-has-waiting-room");
        (string third, string thirdRoom) = await Room(host, perSecond: 7);
        (await host.Admin.Put($"/v1/waiting-rooms/{thirdRoom}", $$"""{"skus":["{{third}}","{{sku}}"],"admittedPerSecond":1000}""")).ShouldBe(409);
        ((double)(await host.Admin.Get($"/v1/waiting-rooms/{thirdRoom}")).ShouldBe(200)["admittedPerSecond"]!).ShouldBe(7);
        using ShopClient visitor = await host.Visitor();
        (await visitor.Post($"/v1/waiting-rooms/{room}-2/tickets")).ShouldBe(404);
        (await visitor.Put($"/v1/waiting-rooms/{room}", Body(sku, 1_000))).ShouldBe(403);
        ((double)(await visitor.Get($"/v1/waiting-rooms/{room}")).ShouldBe(200)["admittedPerSecond"]!).ShouldBe(5);
        (await visitor.Get("/v1/waiting-rooms")).ShouldBe(200).Text.ShouldContain(room);
        (await visitor.Post("/v1/waiting-rooms/nothing-here/tickets")).ShouldBe(404);
        (await host.Admin.Post($"/v1/waiting-rooms/{room}/tickets")).ShouldBe(403);

        (await host.Admin.Put($"/v1/waiting-rooms/{room}", Body(sku, 5, ",\"customersOnly\":true"))).ShouldBe(200);
        (await visitor.Post($"/v1/waiting-rooms/{room}/tickets")).ShouldBe(403).Type.ShouldBe("urn:shop:problem:customers-only");
        (await visitor.Post("/v1/customers", """{"name":"Ada"}""")).ShouldBe(201);
        (await visitor.Post($"/v1/waiting-rooms/{room}/tickets")).ShouldBe(201);

        // The shop itself, with a secret key, waits nowhere; afterwards nobody does.
        (await host.Admin.Checkout(sku)).ShouldBe(201);
        (await host.Admin.Delete($"/v1/waiting-rooms/{room}")).ShouldBe(204);
        (await host.Admin.Delete($"/v1/waiting-rooms/{room}")).ShouldBe(404);
        (await visitor.Checkout(sku)).ShouldBe(201);
    }

    private static async Task<(string Sku, string Room)> Room(ShopHost host, double perSecond)
    {
        string sku = "W" + Guid.NewGuid().ToString("N")[..12], room = "room-" + sku;
        await host.Admin.Stock(sku, 10);
        (await host.Admin.Put($"/v1/waiting-rooms/{room}", Body(sku, perSecond))).ShouldBe(200);
        return (sku, room);
    }

    private static string Body(string sku, double perSecond, string more = "") => $$"""{"skus":["{{sku}}"],"admittedPerSecond":{{perSecond}}{{more}}}""";

    private static Task<Answer> Buy(ShopClient visitor, string sku, string ticket, string? key = null) => visitor.Send(
        HttpMethod.Post, "/v1/checkouts", ShopClient.CheckoutBody(sku, 1, "tok_approve"),
        key is null ? [("Waiting-Room-Ticket", ticket)] : [("Waiting-Room-Ticket", ticket), ("Idempotency-Key", key)]);
}
