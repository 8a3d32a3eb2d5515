using System.Diagnostics;
using Orleans.Clustering;

namespace Shop.Runtime.Tests;

public sealed class ClusterClockTests
{
    [Fact]
    public void It_has_the_time_of_the_database_and_never_goes_back()
    {
        var clock = new ClusterClock();
        (clock.GetUtcNow() - DateTimeOffset.UtcNow).Duration().ShouldBeLessThan(TimeSpan.FromSeconds(5), "Until it was told, it has the machine's.");
        var noon = new DateTimeOffset(2040, 1, 1, 12, 0, 0, TimeSpan.Zero);
        long now = Stopwatch.GetTimestamp();
        clock.Synchronize(noon, now, now);
        DateTimeOffset first = clock.GetUtcNow();
        (first - noon).ShouldBeInRange(TimeSpan.Zero, TimeSpan.FromSeconds(5));
        clock.Synchronize(noon.AddMinutes(-10), now, now);
        clock.GetUtcNow().ShouldBeGreaterThanOrEqualTo(first);
        clock.Synchronize(noon.AddMinutes(10), now, now);
        (clock.GetUtcNow() - noon).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMinutes(10));
    }
}
