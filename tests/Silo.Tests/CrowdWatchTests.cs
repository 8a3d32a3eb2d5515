using Orleans.Runtime;
using Shop.Streams;
using Shop.Testing;

namespace Shop.Silo.Tests;

public sealed class CrowdWatchTests
{
    private static readonly TimeSpan Worked = TimeSpan.FromMilliseconds(50), Short = TimeSpan.FromSeconds(1);
    private readonly ManualClock _clock = new();

    [Fact]
    public void Consumers_rest_while_a_gateway_says_that_there_is_a_crowd_and_no_longer()
    {
        var crowd = new CrowdWatch(_clock);
        crowd.Listen();
        crowd.RestAfter(Worked, Short).ShouldBe(TimeSpan.Zero);
        Announced(crowd);
        crowd.RestAfter(Worked, Short).ShouldBe(Worked * CrowdWatch.RestsPerWork);
        crowd.RestAfter(TimeSpan.FromSeconds(10), Short).ShouldBe(TimeSpan.FromSeconds(1));
        _clock.Advance(TimeSpan.FromSeconds(3));
        crowd.RestAfter(Worked, Short).ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void Who_is_far_behind_does_not_rest_however_long_the_crowd_lasts()
    {
        var crowd = new CrowdWatch(_clock);
        Announced(crowd);
        crowd.RestAfter(Worked, CrowdWatch.BehindAtMost + Short).ShouldBe(TimeSpan.Zero);
    }

    // As a call of a gateway that sends others away.
    private static void Announced(CrowdWatch crowd)
    {
        Crowd.Announce();
        crowd.Listen();
        RequestContext.Clear();
    }
}
