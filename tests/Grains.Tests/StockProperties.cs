using System.Text.Json;
using Shop.Events;
using Shop.Journaling;
using Shop.Stock;

namespace Shop.Grains.Tests;

public sealed class StockProperties
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public abstract record Command
    {
        public sealed record Receive(int Quantity, int Reference) : Command;

        public sealed record Adjust(int Difference, int Reference) : Command;

        public sealed record Reserve(int Id, int Quantity, int TtlSeconds, int Customer) : Command;

        public sealed record Confirm(int Id) : Command;

        public sealed record Release(int Id) : Command;

        public sealed record Return(int Id, int Quantity, bool Restock) : Command;

        public sealed record Limit(int? PerCustomer) : Command;

        public sealed record Wait(int Seconds) : Command;
    }

    private static readonly Gen<Command> Commands = Gen.Frequency(
        (3, from q in Gen.Choose(1, 10) from r in Gen.Choose(0, 8) select (Command)new Command.Receive(q, r)),
        (1, from d in Gen.Choose(-5, 5) from r in Gen.Choose(10, 18) select (Command)new Command.Adjust(d, r)),
        (8, from i in Gen.Choose(0, 20) from q in Gen.Choose(1, 4) from t in Gen.Choose(1, 60) from c in Gen.Choose(0, 2) select (Command)new Command.Reserve(i, q, t, c)),
        (5, from i in Gen.Choose(0, 20) select (Command)new Command.Confirm(i)),
        (3, from i in Gen.Choose(0, 20) select (Command)new Command.Release(i)),
        (2, from i in Gen.Choose(0, 5) from q in Gen.Choose(1, 3) from s in Gen.Elements(true, false) select (Command)new Command.Return(i, q, s)),
        (1, from l in Gen.Elements<int?>(null, 1, 3, 6) select (Command)new Command.Limit(l)),
        (3, from s in Gen.Choose(1, 40) select (Command)new Command.Wait(s)));

    [Fact]
    public void Stock_is_conserved_and_never_oversold_whatever_is_commanded() => Properties.ForAllSequences(Commands, commands =>
    {
        StockState state = StockState.Empty;
        var model = new Model();
        DateTimeOffset now = Start;
        foreach (Command command in commands)
        {
            if (command is Command.Wait wait)
            {
                now += TimeSpan.FromSeconds(wait.Seconds);
                continue;
            }

            Decision<StockEvent, StockAnswer> decision = Decide(state, command, now);
            foreach (StockEvent @event in decision.Events)
            {
                long before = state.Available;
                state = state.Apply(@event);
                (@event.Change ?? 0).ShouldBe(state.Available - before, $"{@event}");
                if (@event.Change is not null) @event.Available.ShouldBe(state.Available);
            }

            state.AssertInvariants();
            model.Observe(command, decision, now);

            // Counted from the events alone, by somebody who knows nothing of the state's own sums.
            state.OnHand.ShouldBe(model.OnHand);
            state.Reserved.ShouldBe(model.Reserved);
            (model.Sold + model.Reserved).ShouldBeLessThanOrEqualTo(model.Received + model.Adjusted + model.Returned);
            state.Available.ShouldBeGreaterThanOrEqualTo(0);
        }
    });

    [Fact]
    public void A_repeated_reservation_confirmation_or_release_changes_nothing() => Properties.ForAllSequences(Commands, commands =>
    {
        StockState state = StockState.Empty;
        foreach (Command command in commands)
        {
            if (command is Command.Wait or Command.Limit) continue;
            Decision<StockEvent, StockAnswer> first = Decide(state, command, Start);
            foreach (StockEvent @event in first.Events) state = state.Apply(@event);
            (long onHand, long reserved) = (state.OnHand, state.Reserved);
            bool done = first.Events.Length > 0;
            Decision<StockEvent, StockAnswer> second = Decide(state, command, Start);
            if (!done) continue;
            second.Events.ShouldBeEmpty($"{command} happened twice");
            (state.OnHand, state.Reserved).ShouldBe((onHand, reserved));
            if (first.Answer is StockAnswer.Reserved) second.Answer.ShouldBe(first.Answer);
        }
    });

    [Fact]
    public void State_is_the_same_through_a_snapshot_and_through_the_journal() => Properties.ForAllSequences(Commands, commands =>
    {
        StockState state = StockState.Empty;
        List<StockEvent> events = [];
        DateTimeOffset now = Start;
        foreach (Command command in commands)
        {
            if (command is Command.Wait wait) now += TimeSpan.FromSeconds(wait.Seconds);
            else
            {
                foreach (StockEvent @event in Decide(state, command, now).Events)
                {
                    events.Add(@event);
                    state = state.Apply(@event);
                }
            }
        }

        string before = Snapshot(state);
        StockState restored = JsonSerializer.Deserialize(before, StockJson.Default.StockState)!;
        Snapshot(restored).ShouldBe(before);
        restored.NextExpiry.ShouldBe(state.NextExpiry);
        StockEvent[] read = JsonSerializer.Deserialize(JsonSerializer.SerializeToUtf8Bytes([.. events], StockJson.Default.StockEventArray), StockJson.Default.StockEventArray)!;
        StockState replayed = read.Aggregate(StockState.Empty, (s, e) => s.Apply(e));
        Snapshot(replayed).ShouldBe(before);

        // Both expire what the first would.
        DateTimeOffset later = now + Limits.ReservationTtlMax;
        ReservationKey[] due = [.. state.Reservations.Where(r => r.Value.Status == ReservationStatus.Held).Select(r => r.Key)];
        foreach (StockState any in new[] { state, restored, replayed }) any.Reservations.DueAt(later).ShouldBe(due, ignoreOrder: true);
    });

    [Fact]
    public void Of_a_commit_the_world_is_told_each_change_of_direction_and_nothing_is_lost() => Properties.ForAllSequences(Commands, commands =>
    {
        StockState state = StockState.Empty;
        List<StockEvent> events = [];
        List<object> told = [];
        foreach (Command command in commands)
        {
            if (command is Command.Wait) continue;
            foreach (StockEvent @event in Decide(state, command, Start).Events)
            {
                events.Add(@event);
                state = state.Apply(@event);
                if (StockState.Tell(@event, told.LastOrDefault()) is { } change && change != told.LastOrDefault()) told.Add(change);
            }
        }

        byte[] json = JsonSerializer.SerializeToUtf8Bytes([.. events], StockJson.Default.StockEventArray);
        var commit = new JournalCommit("stock/s", 1, Guid.Empty, events.Count, false, true, Start, json);
        InventoryUpdated[] made = [.. JournalEvents.Of(commit).Cast<InventoryUpdated>()];
        JournalEvents.Of(commit with { Told = told }).ShouldBe(made);
        made.Sum(e => e.QuantityChange).ShouldBe(state.Available);
        if (made.Length > 0) made[^1].NewQuantity.ShouldBe(state.Available);
        // What was taken and what was given back do not cancel each other out.
        made.Where(e => e.QuantityChange < 0).Sum(e => e.QuantityChange).ShouldBe(events.Where(e => e.Change < 0).Sum(e => e.Change!.Value));
        made.Zip(made.Skip(1)).ShouldAllBe(pair => pair.First.QuantityChange < 0 != pair.Second.QuantityChange < 0);
        made.Select(e => e.EventId).Distinct().Count().ShouldBe(made.Length);
    });

    [Fact]
    public void Reserving_more_than_available_is_refused_and_changes_nothing()
    {
        StockState state = StockState.Empty.Apply(new StockEvent.Received(3, "r", Start));
        Decision<StockEvent, StockAnswer> decision = StockDecider.Reserve(state, new ReserveStock(new("a"), 4, TimeSpan.FromMinutes(1), null), Start);
        decision.Events.ShouldBeEmpty();
        decision.Answer.ShouldBe(new StockAnswer.OutOfStock(3));
    }

    [Fact]
    public void An_unpaid_reservation_frees_itself_for_the_next_buyer()
    {
        StockState state = StockState.Empty.Apply(new StockEvent.Received(1, "r", Start));
        state = Apply(state, StockDecider.Reserve(state, new ReserveStock(new("a"), 1, TimeSpan.FromMinutes(1), null), Start));
        DateTimeOffset later = Start + TimeSpan.FromMinutes(1);
        Decision<StockEvent, StockAnswer> next = StockDecider.Reserve(state, new ReserveStock(new("b"), 1, TimeSpan.FromMinutes(1), null), later);
        next.Events.Select(e => e.GetType().Name).ShouldBe(["Expired", "Reserved"]);
        state = Apply(state, next);
        StockDecider.Confirm(state, new("a"), later).Answer.ShouldBe(new StockAnswer.ReservationClosed(new("a"), ReservationStatus.Expired));
    }

    [Fact]
    public void A_sale_window_opens_and_closes_on_time()
    {
        StockState state = StockState.Empty.Apply(new StockEvent.Received(9, "r", Start))
            .Apply(new StockEvent.RulesSet(new StockRules(null, [new SaleWindow(Start + TimeSpan.FromHours(1), Start + TimeSpan.FromHours(2))]), Start));
        StockAnswer? At(double hours) => StockDecider.Reserve(state, new ReserveStock(new("a"), 1, TimeSpan.FromMinutes(1), null), Start + TimeSpan.FromHours(hours)).Answer;
        At(0.9).ShouldBe(new StockAnswer.SaleClosed(Start + TimeSpan.FromHours(1)));
        At(1).ShouldBeOfType<StockAnswer.Reserved>();
        At(2).ShouldBe(new StockAnswer.SaleClosed(null));
    }

    [Fact]
    public void A_clock_that_jumps_makes_nothing_negative()
    {
        StockState state = StockState.Empty.Apply(new StockEvent.Received(5, "r", Start));
        state = Apply(state, StockDecider.Reserve(state, new ReserveStock(new("a"), 2, TimeSpan.FromMinutes(10), null), Start));
        state = Apply(state, StockDecider.Tick(state, Start - TimeSpan.FromHours(1)));
        state.Available.ShouldBe(3);
        state = Apply(state, StockDecider.Tick(state, Start + TimeSpan.FromDays(1)));
        state.Available.ShouldBe(5);
        state = Apply(state, StockDecider.Reserve(state, new ReserveStock(new("b"), 2, TimeSpan.FromMinutes(10), null), Start));
        state.Available.ShouldBe(3);
    }

    private static StockState Apply(StockState state, Decision<StockEvent, StockAnswer> decision)
    {
        foreach (StockEvent @event in decision.Events) state = state.Apply(@event);
        state.AssertInvariants();
        return state;
    }

    private static string Snapshot(StockState state) => JsonSerializer.Serialize(state, StockJson.Default.StockState);

    private static Decision<StockEvent, StockAnswer> Decide(StockState state, Command command, DateTimeOffset now) => command switch
    {
        Command.Receive c => StockDecider.Receive(state, new ReceiveStock(c.Quantity, $"ref-{c.Reference}"), now),
        Command.Adjust c => StockDecider.Adjust(state, new AdjustStock(c.Difference, "count", $"ref-{c.Reference}"), now),
        Command.Reserve c => StockDecider.Reserve(state, new ReserveStock(new($"r{c.Id}"), c.Quantity, TimeSpan.FromSeconds(c.TtlSeconds), c.Customer == 0 ? null : new($"c{c.Customer}")), now),
        Command.Confirm c => StockDecider.Confirm(state, new($"r{c.Id}"), now),
        Command.Release c => StockDecider.Release(state, new($"r{c.Id}"), now),
        Command.Return c => StockDecider.Return(state, new ReturnStock($"ret-{c.Id}", c.Quantity, c.Restock), now),
        Command.Limit c => StockDecider.SetRules(new StockRules(c.PerCustomer, []), now),
        _ => throw new InvalidOperationException(),
    };

    // Adds up events without looking at the state, and checks the answers against what was promised before.
    private sealed class Model
    {
        private readonly Dictionary<ReservationId, (int Quantity, DateTimeOffset ExpiresAt)> _held = [];

        public long Received { get; private set; }

        public long Adjusted { get; private set; }

        public long Sold { get; private set; }

        public long Returned { get; private set; }

        public long Reserved => _held.Values.Sum(h => h.Quantity);

        public long OnHand => Received + Adjusted - Sold + Returned;

        public void Observe(Command command, Decision<StockEvent, StockAnswer> decision, DateTimeOffset now)
        {
            foreach (StockEvent @event in decision.Events)
            {
                switch (@event)
                {
                    case StockEvent.Received e: Received += e.Quantity; break;
                    case StockEvent.Adjusted e: Adjusted += e.Difference; break;
                    case StockEvent.Reserved e: _held.Add(e.Id, (e.Quantity, e.ExpiresAt)); break;
                    case StockEvent.Released e: _held.Remove(e.Id).ShouldBeTrue(); break;
                    case StockEvent.Expired e:
                        _held.Remove(e.Id, out (int, DateTimeOffset ExpiresAt) gone).ShouldBeTrue();
                        gone.ExpiresAt.ShouldBeLessThanOrEqualTo(now);
                        break;
                    case StockEvent.Confirmed e:
                        _held.Remove(e.Id, out (int Quantity, DateTimeOffset ExpiresAt) sold).ShouldBeTrue();
                        sold.ExpiresAt.ShouldBeGreaterThan(now);
                        Sold += sold.Quantity;
                        break;
                    case StockEvent.Returned e:
                        Returned += e.Quantity;
                        if (!e.Restocked) Adjusted -= e.Quantity;
                        break;
                }
            }

            if (command is Command.Reserve r && decision.Answer is StockAnswer.OutOfStock shortage) shortage.Available.ShouldBeLessThan(r.Quantity);
        }
    }
}
