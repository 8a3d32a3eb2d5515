using Shop.Dashboard;
using Shop.Testing;

namespace Shop.Silo.Tests;

public sealed class DashboardGrainTests
{
    [Fact]
    public async Task Silos_whose_clocks_differ_all_show_in_full()
    {
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        await using ShopCluster shop = await ShopCluster.StartAsync(place);
        IDashboardGrain dashboard = shop.Grains.GetGrain<IDashboardGrain>("of-this-test");
        (await dashboard.IsWatched()).ShouldBeFalse();
        (await dashboard.Report(Report("fast", TimeSpan.FromMinutes(10), 1))).ShouldBeFalse();
        DashboardView first = await dashboard.Read(DateTimeOffset.MinValue);
        (await dashboard.IsWatched()).ShouldBeTrue();
        // Its clock says that it was before what the viewer has seen.
        (await dashboard.Report(Report("slow", TimeSpan.FromMinutes(-10), 2))).ShouldBeTrue();
        (await dashboard.Report(Report("fast", TimeSpan.FromMinutes(10), 3))).ShouldBeTrue();

        DashboardView next = await dashboard.Read(first.Moments.Max(m => m.At));
        next.Silos.Select(s => s.Silo).ShouldBe(["fast", "slow"]);
        next.Moments.Select(m => (m.Silo, m.CallsPerSecond)).ShouldBe([("slow", 2d), ("fast", 3d)]);
        next.Silos.ShouldAllBe(s => (s.At - DateTimeOffset.UtcNow).Duration() < TimeSpan.FromMinutes(1));
    }

    private static SiloReport Report(string silo, TimeSpan off, double calls)
    {
        var times = new CallTimes(null, null, null);
        return new SiloReport(
            silo, "1", DateTimeOffset.UtcNow, DateTimeOffset.UtcNow + off, 0.5, 1, 1, 0, 1, 0, new JournalReport(0, 0, 0, null, null),
            [new GrainReport("StockGrain", 1, times, [new MethodReport("Reserve", 1, 0, calls, 0, times)])]);
    }
}
