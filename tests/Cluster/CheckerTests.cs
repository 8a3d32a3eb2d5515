namespace Shop.Cluster.Tests;

/// <summary>The checker finds what is wrong, and only that.</summary>
public sealed class CheckerTests
{
    [Fact]
    public void An_order_that_a_counter_could_have_is_found() => LinearizabilityChecker.Check(
        [Take(5, 0, 10), Take(5, 1, 11), Look(5, 2, 9), Look(0, 12, 13), Give(5, 14, 20), Look(5, 15, 16), Take(6, 17, 30, false)], 10).ShouldBeNull();

    [Fact]
    public void A_unit_that_is_sold_twice_is_found() => LinearizabilityChecker.Check([Take(1, 0, 10), Take(1, 5, 15)], 1).ShouldNotBeNull();

    [Fact]
    public void A_stale_read_is_found() => LinearizabilityChecker.Check([Take(1, 0, 10), Look(2, 11, 12)], 2).ShouldNotBeNull();

    [Fact]
    public void A_read_of_what_was_later_lost_is_found() =>
        LinearizabilityChecker.Check([Take(1, 0, 100, null), Look(1, 5, 6), Look(2, 10, 11)], 2).ShouldNotBeNull();

    [Fact]
    public void A_refusal_while_there_was_enough_is_found() => LinearizabilityChecker.Check([Take(1, 0, 10, false)], 1).ShouldNotBeNull();

    [Fact]
    public void What_is_in_doubt_may_have_happened_late_or_never()
    {
        LinearizabilityChecker.Check([Take(1, 0, long.MaxValue, null), Look(1, 50, 60)], 1).ShouldBeNull();
        LinearizabilityChecker.Check([Take(1, 0, long.MaxValue, null), Look(0, 50, 60)], 1).ShouldBeNull();
        LinearizabilityChecker.Check([Take(1, 0, long.MaxValue, null), Look(0, 50, 60), Look(1, 70, 80)], 1).ShouldNotBeNull();
    }

    [Fact]
    public void Random_histories_of_a_real_counter_pass_and_damaged_ones_do_not()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            List<Operation> history = [];
            int available = 20;
            for (int i = 0; i < 120; i++)
            {
                // The operation takes effect at i * 10; it began before and ended after.
                long at = i * 10;
                (long began, long ended) = (at - random.Next(30), at + random.Next(30));
                int units = random.Next(1, 4);
                switch (random.Next(3))
                {
                    case 0:
                        history.Add(Look(available, began, ended));
                        break;
                    case 1:
                        bool enough = available >= units;
                        history.Add(Take(units, began, ended, enough));
                        if (enough) available -= units;
                        break;
                    default:
                        history.Add(Give(units, began, ended));
                        available += units;
                        break;
                }
            }

            LinearizabilityChecker.Check(history, 20).ShouldBeNull($"seed {seed}");
            history.Add(Look(available + 1, 5_000, 5_001));
            LinearizabilityChecker.Check(history, 20).ShouldNotBeNull($"seed {seed}");
        }
    }

    private static Operation Take(int units, long began, long ended, bool? succeeded = true) => new(Kind.Take, units, began, ended, succeeded);

    private static Operation Give(int units, long began, long ended) => new(Kind.Give, units, began, ended, true);

    private static Operation Look(int units, long began, long ended) => new(Kind.Look, units, began, ended, true);
}
