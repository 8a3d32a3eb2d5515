using System.Text.Json;
using Shop.WaitingRooms;

namespace Shop.Grains.Tests;

public sealed class WaitingRoomProperties
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // A visitor joins, time goes by, or the rate changes.
    private static readonly Gen<(int What, int Number)> Steps =
        from what in Gen.Frequency((5, Gen.Constant(0)), (4, Gen.Constant(1)), (1, Gen.Constant(2))) from number in Gen.Choose(0, 40) select (what, number);

    [Fact]
    public void Numbers_are_admitted_in_order_never_faster_than_the_rate_and_nobody_has_two_places() => Properties.ForAllSequences(Steps, steps =>
    {
        DateTimeOffset now = Start;
        WaitingRoomState state = Run(WaitingRoomState.Empty, WaitingRoomDecider.Set(WaitingRoomState.Empty, Settings(2), now));
        double allowance = 0;
        Dictionary<string, long> places = [];
        foreach ((int what, int number) in steps)
        {
            if (what == 0)
            {
                string visitor = $"v{number}";
                long? before = WaitingRoomDecider.NumberOf(state, visitor, now);
                state = Run(state, WaitingRoomDecider.Join(state, visitor, now));
                long after = WaitingRoomDecider.NumberOf(state, visitor, now)!.Value;
                after.ShouldBe(before ?? state.Issued);
                // Whoever joins anew is behind everybody.
                if (before is null) places.Values.ShouldAllBe(p => p < after);
                places[visitor] = after;
            }
            else if (what == 1)
            {
                now += TimeSpan.FromMilliseconds(number * 50);
                double perSecond = state.Settings!.AdmittedPerSecond;
                allowance = Math.Min(allowance + (number * 0.05 * perSecond), Math.Max(perSecond, 1) + 1);
                long admitted = state.Admitted;
                state = Run(state, WaitingRoomDecider.Admit(state, now));
                state.Admitted.ShouldBeGreaterThanOrEqualTo(admitted);
                (state.Admitted - admitted).ShouldBeLessThanOrEqualTo((long)Math.Floor(allowance + 1e-3));
                allowance -= state.Admitted - admitted;
            }
            else
            {
                state = Run(state, WaitingRoomDecider.Set(state, Settings(number % 5), now));
            }

            WaitingRoomState read = JsonSerializer.Deserialize(JsonSerializer.Serialize(state, WaitingRoomJson.Default.WaitingRoomState), WaitingRoomJson.Default.WaitingRoomState)!;
            (read.Issued, read.Admitted, read.ExpiredAt(now), read.Numbers.Count).ShouldBe((state.Issued, state.Admitted, state.ExpiredAt(now), state.Numbers.Count));
        }
    });

    [Fact]
    public void A_full_room_drains_at_its_rate_exactly_whenever_it_is_looked_at()
    {
        WaitingRoomState state = Run(WaitingRoomState.Empty, WaitingRoomDecider.Set(WaitingRoomState.Empty, Settings(500) with { OpensAt = Start + TimeSpan.FromMinutes(1) }, Start));
        for (int i = 0; i < 5_000; i++) state = Run(state, WaitingRoomDecider.Join(state, $"v{i}", Start));
        DateTimeOffset opens = Start + TimeSpan.FromMinutes(1);
        WaitingRoomDecider.Admit(state, opens).ShouldBeEmpty();
        var random = new Random(7);
        DateTimeOffset now = opens;
        while (now < opens + TimeSpan.FromSeconds(9))
        {
            now += TimeSpan.FromMilliseconds(random.Next(1, 300));
            state = Run(state, WaitingRoomDecider.Admit(state, now));
            Math.Abs(state.Admitted - ((now - opens).TotalSeconds * 500)).ShouldBeLessThanOrEqualTo(1.01);
        }

        state = Run(state, WaitingRoomDecider.Admit(state, opens + TimeSpan.FromSeconds(10)));
        state = Run(state, WaitingRoomDecider.Admit(state, opens + TimeSpan.FromSeconds(10.5)));
        state.Admitted.ShouldBe(5_000);
    }

    [Fact]
    public void The_time_for_buying_ends_in_the_order_of_admission_and_the_visitor_may_join_again_at_the_end()
    {
        WaitingRoomState state = Run(WaitingRoomState.Empty, WaitingRoomDecider.Set(WaitingRoomState.Empty, Settings(1), Start));
        foreach (string visitor in new[] { "a", "b", "c" }) state = Run(state, WaitingRoomDecider.Join(state, visitor, Start));
        for (int second = 1; second <= 3; second++) state = Run(state, WaitingRoomDecider.Admit(state, Start + TimeSpan.FromSeconds(second)));
        state.ExpiredAt(Start + TimeSpan.FromSeconds(60.9)).ShouldBe(0);
        state.ExpiredAt(Start + TimeSpan.FromSeconds(61)).ShouldBe(1);
        DateTimeOffset later = Start + TimeSpan.FromSeconds(62.5);
        state.ExpiredAt(later).ShouldBe(2);
        WaitingRoomDecider.NumberOf(state, "a", later).ShouldBeNull();
        WaitingRoomDecider.NumberOf(state, "c", later).ShouldBe(3);
        state = Run(state, WaitingRoomDecider.Join(state, "a", later));
        WaitingRoomDecider.NumberOf(state, "a", later).ShouldBe(4);
    }

    [Fact]
    public void A_time_for_buying_that_is_over_does_not_come_back_when_the_settings_change()
    {
        WaitingRoomState state = Run(WaitingRoomState.Empty, WaitingRoomDecider.Set(WaitingRoomState.Empty, Settings(1), Start));
        state = Run(state, WaitingRoomDecider.Join(state, "a", Start));
        state = Run(state, WaitingRoomDecider.Admit(state, Start + TimeSpan.FromSeconds(1)));
        DateTimeOffset later = Start + TimeSpan.FromMinutes(2);
        state.ExpiredAt(later).ShouldBe(1);
        state = Run(state, WaitingRoomDecider.Set(state, Settings(1) with { Admission = TimeSpan.FromHours(1) }, later));
        state.ExpiredAt(later).ShouldBe(1);
        WaitingRoomDecider.NumberOf(state, "a", later).ShouldBeNull();
    }

    [Fact]
    public void Visitors_whose_time_is_over_are_forgotten()
    {
        WaitingRoomState state = Run(WaitingRoomState.Empty, WaitingRoomDecider.Set(WaitingRoomState.Empty, Settings(1_000), Start));
        DateTimeOffset now = Start;
        for (int i = 0; i < 100_000; i++)
        {
            state = Run(state, WaitingRoomDecider.Join(state, $"v{i}", now));
            if (i % 100 == 0) state = Run(state, WaitingRoomDecider.Admit(state, now += TimeSpan.FromMilliseconds(100)));
        }

        // A minute's visitors may still buy; twice that is kept at the most.
        state.Numbers.Count.ShouldBeLessThan(130_000);
        for (int i = 0; i < 5_000; i++)
        {
            state = Run(state, WaitingRoomDecider.Join(state, $"w{i}", now));
            state = Run(state, WaitingRoomDecider.Admit(state, now += TimeSpan.FromMilliseconds(100)));
        }

        state.Numbers.Count.ShouldBeLessThan(3_000);
        state.Waves.Count.ShouldBeLessThan(1_000);
    }

    private static RoomSettings Settings(double perSecond) => new(perSecond, null, TimeSpan.FromMinutes(1), false);

    private static WaitingRoomState Run(WaitingRoomState state, IEnumerable<WaitingRoomEvent> events)
    {
        foreach (WaitingRoomEvent @event in events)
        {
            state = state.Apply(@event);
            state.AssertInvariants();
        }

        return state;
    }
}
