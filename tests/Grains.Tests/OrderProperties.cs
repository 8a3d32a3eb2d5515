using System.Text.Json;
using Shop.Catalog;
using Shop.Journaling;
using Shop.Orders;
using Shop.Payments;

namespace Shop.Grains.Tests;

public sealed class OrderProperties
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Currency Eur = new("EUR");

    public enum Kind
    {
        Step,
        FailStep,
        Cancel,
        Fulfil,
        Return,
        Refund,
    }

    private static readonly Gen<(Kind Kind, int Id, int Sku, int Amount)> Commands =
        from kind in Gen.Frequency((8, Gen.Constant(Kind.Step)), (1, Gen.Constant(Kind.FailStep)), (1, Gen.Constant(Kind.Cancel)), (3, Gen.Constant(Kind.Fulfil)), (3, Gen.Constant(Kind.Return)), (3, Gen.Constant(Kind.Refund)))
        from id in Gen.Choose(0, 12)
        from sku in Gen.Choose(0, 2)
        from amount in Gen.Choose(0, 4)
        select (kind, id, sku, amount);

    private static readonly Dictionary<OrderStatus, OrderStatus[]> Legal = new()
    {
        [OrderStatus.Pending] = [OrderStatus.Placed, OrderStatus.Cancelled],
        [OrderStatus.Placed] = [OrderStatus.Fulfilled, OrderStatus.Cancelled],
        [OrderStatus.Fulfilled] = [OrderStatus.Returned],
        [OrderStatus.Returned] = [],
        [OrderStatus.Cancelled] = [],
    };

    [Fact]
    public void Orders_conserve_money_and_units_and_leave_their_states_only_legally() => Properties.ForAllSequences(Commands, commands =>
    {
        OrderState state = Started();
        foreach ((Kind kind, int id, int sku, int amount) in commands)
        {
            OrderStatus before = state.Status;
            Decision<OrderEvent, OrderAnswer> decision = Decide(state, kind, id, sku, amount);
            foreach (OrderEvent @event in decision.Events) state = state.Apply(@event);
            state.AssertInvariants();
            if (state.Status != before) Legal[before].ShouldContain(state.Status);
            state.Total.Minor.ShouldBe(state.Lines.Sum(l => l.Total.Minor));
            (state.Refunds.Sum(r => r.Amount.Minor) <= state.Total.Minor).ShouldBeTrue();
            if (state.Status == OrderStatus.Cancelled) state.Fulfilments.ShouldBeEmpty();
        }

        // Left alone, every saga comes to rest.
        for (int steps = 0; state.NextStep is { } next; steps++)
        {
            steps.ShouldBeLessThan(50);
            state = state.Apply(Succeed(state, next));
        }

        state.HasWork.ShouldBeFalse();
        state.Status.ShouldNotBe(OrderStatus.Pending);
    });

    [Fact]
    public void State_is_the_same_through_a_snapshot_and_through_the_journal() => Properties.ForAllSequences(Commands, commands =>
    {
        OrderState state = Started();
        List<OrderEvent> events = [new OrderEvent.CheckoutStarted(state.Command!, state.Lines, state.LinesTotal, Now)];
        foreach ((Kind kind, int id, int sku, int amount) in commands)
        {
            foreach (OrderEvent @event in Decide(state, kind, id, sku, amount).Events)
            {
                events.Add(@event);
                state = state.Apply(@event);
            }
        }

        string snapshot = JsonSerializer.Serialize(state, OrderJson.Default.OrderState);
        JsonSerializer.Serialize(JsonSerializer.Deserialize(snapshot, OrderJson.Default.OrderState)!, OrderJson.Default.OrderState).ShouldBe(snapshot);
        string journal = JsonSerializer.Serialize([.. events], OrderJson.Default.OrderEventArray);
        OrderEvent[] read = JsonSerializer.Deserialize(journal, OrderJson.Default.OrderEventArray)!;
        JsonSerializer.Serialize(read.Aggregate(OrderState.Empty, (s, e) => s.Apply(e)), OrderJson.Default.OrderState).ShouldBe(snapshot);
    });

    [Fact]
    public void Every_rejection_survives_the_journal_so_that_a_retry_hears_the_same()
    {
        Rejection[] all =
        [
            new Rejection.OutOfStock([new Shortage(new("S"), 2, 1)]), new Rejection.PriceChanged([new PriceChange(new("S"), new Money(1, Eur), new Money(2, Eur))]),
            new Rejection.UnknownSkus([new("S")]), new Rejection.NotForSale([new("S")], "why"), new Rejection.LimitReached(new("S"), 2, 1),
            new Rejection.CouponRejected(new("C"), Shop.Promotions.CouponRejection.UsedUp), new Rejection.PaymentDeclined("no"), new Rejection.PaymentTimedOut(), new Rejection.BadTotal("why"),
        ];
        all.Select(r => r.GetType()).ShouldBe(typeof(Rejection).GetNestedTypes().Where(t => t.IsSubclassOf(typeof(Rejection))), ignoreOrder: true);
        foreach (Rejection rejection in all)
        {
            OrderState state = OrderState.Empty.Apply(new OrderEvent.CheckoutRefused("f", null, null, rejection, Now));
            string snapshot = JsonSerializer.Serialize(state, OrderJson.Default.OrderState);
            OrderState read = JsonSerializer.Deserialize(snapshot, OrderJson.Default.OrderState)!;
            read.Rejection.ShouldNotBeNull().GetType().ShouldBe(rejection.GetType());
            JsonSerializer.Serialize(read, OrderJson.Default.OrderState).ShouldBe(snapshot);
        }
    }

    [Fact]
    public void Two_lines_of_one_sku_are_one_line()
    {
        PlaceOrder command = Command([new LineRequest(new("S0"), 2, null), new LineRequest(new("S0"), 3, null)]);
        var started = OrderDecider.Start(command, Offers(), Eur, Now).Events.ShouldHaveSingleItem().ShouldBeOfType<OrderEvent.CheckoutStarted>();
        started.Lines.ShouldHaveSingleItem().Quantity.ShouldBe(5);
        started.LinesTotal.ShouldBe(new Money(500, Eur));
    }

    [Fact]
    public void What_is_unknown_hidden_unpriced_or_at_another_price_is_refused_by_name()
    {
        Rejection Refused(LineRequest line, Currency? currency = null) =>
            OrderDecider.Start(Command([line]) with { Currency = currency }, Offers(), Eur, Now).Events.ShouldHaveSingleItem().ShouldBeOfType<OrderEvent.CheckoutRefused>().Reason;
        Refused(new(new("NONE"), 1, null)).ShouldBeOfType<Rejection.UnknownSkus>().Skus.ShouldBe([new("NONE")]);
        Refused(new(new("HIDDEN"), 1, null)).ShouldBeOfType<Rejection.NotForSale>().Skus.ShouldBe([new("HIDDEN")]);
        Refused(new(new("S0"), 1, null), new Currency("USD")).ShouldBeOfType<Rejection.NotForSale>();
        Refused(new(new("S1"), 1, new Money(1, Eur))).ShouldBeOfType<Rejection.PriceChanged>().Changes.ShouldBe([new PriceChange(new("S1"), new Money(1, Eur), new Money(200, Eur))]);
    }

    private static OrderState Started() => OrderState.Empty.Apply(
        OrderDecider.Start(Command([.. Enumerable.Range(0, 3).Select(i => new LineRequest(new($"S{i}"), 3, null))]), Offers(), Eur, Now).Events[0]);

    private static PlaceOrder Command(ImmutableArray<LineRequest> lines) =>
        new("f", null, new CustomerId("c"), null, lines, [], null, new Contact(null, null), "card", "tok_approve");

    private static Dictionary<Sku, Offer?> Offers()
    {
        Dictionary<Sku, Offer?> offers = Enumerable.Range(0, 3).ToDictionary(
            i => new Sku($"S{i}"), i => (Offer?)new Offer(new($"S{i}"), new("p"), 1, "title", [new Money((i + 1) * 100, Eur)], true));
        offers[new("NONE")] = null;
        offers[new("HIDDEN")] = new Offer(new("HIDDEN"), new("p"), 1, "title", [new Money(100, Eur)], false);
        return offers;
    }

    private static Decision<OrderEvent, OrderAnswer> Decide(OrderState state, Kind kind, int id, int sku, int amount) => kind switch
    {
        Kind.Step => state.NextStep is { } step ? Decision<OrderEvent, OrderAnswer>.Do(Succeed(state, step)) : Decision<OrderEvent, OrderAnswer>.Do(),
        Kind.FailStep => state.NextStep is OrderStep.Reserve or OrderStep.Authorise or OrderStep.Confirm or OrderStep.Capture
            ? Decision<OrderEvent, OrderAnswer>.Do(new OrderEvent.CheckoutFailed(new Rejection.PaymentTimedOut(), Now))
            : Decision<OrderEvent, OrderAnswer>.Do(),
        Kind.Cancel => OrderDecider.Cancel(state, "why", Now),
        Kind.Fulfil => OrderDecider.Fulfil(state, new FulfilOrder($"f{id}", amount == 0 ? [] : [new LineQuantity(new($"S{sku}"), amount)], null), Now),
        Kind.Return => OrderDecider.Return(state, new ReturnOrder($"t{id}", amount == 0 ? [] : [new LineQuantity(new($"S{sku}"), amount)], true), Now),
        Kind.Refund => OrderDecider.Refund(state, new RefundOrder($"m{id}", amount == 0 ? null : new Money(amount * 150, Eur), null), Now),
        _ => throw new InvalidOperationException(),
    };

    private static OrderEvent Succeed(OrderState state, OrderStep step) => step switch
    {
        OrderStep.Reserve => new OrderEvent.StockReserved([], state.LinesTotal, Now),
        OrderStep.Authorise => new OrderEvent.PaymentAuthorised(Now),
        OrderStep.Confirm => new OrderEvent.StockConfirmed(Now),
        OrderStep.Capture => new OrderEvent.PaymentCaptured(Now),
        OrderStep.Place => new OrderEvent.Placed(Now),
        OrderStep.Undo => new OrderEvent.Undone(PaymentStatus.Voided, state.UndoneFrom == OrderPhase.Placed ? state.Refundable.Minor : 0, Now),
        OrderStep.RecordHistory => new OrderEvent.HistoryRecorded(Now),
        OrderStep.BookReturn book => new OrderEvent.ReturnBooked(book.ReturnId, Now),
        OrderStep.BookRefund book => new OrderEvent.RefundBooked(book.RefundId, Now),
        _ => throw new InvalidOperationException(),
    };
}
