using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Shop.Metrics;

namespace Shop.Silo.Tests;

public sealed class MetricsTests
{
    [Fact]
    public void What_meters_say_is_written_as_prometheus_reads_it()
    {
        using ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider(), others = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var collector = new MetricsCollector(services.GetRequiredService<IMeterFactory>());
        Meter meter = services.GetRequiredService<IMeterFactory>().Create("Shop.Test");
        others.GetRequiredService<IMeterFactory>().Create("Shop.Test").CreateCounter<long>("shop.test.orders").Add(7);
        Counter<long> orders = meter.CreateCounter<long>("shop.test.orders", "{order}", "Orders \\ of a test\nwith a line");
        orders.Add(2, new("b", "x\"y\\z\n"), new("a", 1));
        orders.Add(3, new("a", 1), new("b", "x\"y\\z\n"));
        Histogram<double> took = meter.CreateHistogram<double>("shop.test.took", "s", "Time");
        foreach (double seconds in new[] { 0.0005, 0.002, 3, 60 }) took.Record(seconds);
        int live = 7;
        Measurement<int>[] Live() => live == 0 ? [] : [new Measurement<int>(live, new KeyValuePair<string, object?>("grain", "Stock"))];
        meter.CreateObservableGauge("shop.test.live", Live, "{activation}", "Live");
        meter.CreateUpDownCounter<int>("shop.test.open").Add(-4);
        using var other = new Meter("Somebody.Else");
        other.CreateCounter<int>("secret").Add(1);

        string text = collector.Write();
        text.ShouldContain("# HELP shop_test_orders_total Orders \\\\ of a test\\nwith a line\n# TYPE shop_test_orders_total counter\nshop_test_orders_total{a=\"1\",b=\"x\\\"y\\\\z\\n\"} 5\n");
        text.ShouldContain("# TYPE shop_test_took_seconds histogram\nshop_test_took_seconds_bucket{le=\"0.0005\"} 1\nshop_test_took_seconds_bucket{le=\"0.001\"} 1\nshop_test_took_seconds_bucket{le=\"0.0025\"} 2\n");
        text.ShouldContain("shop_test_took_seconds_bucket{le=\"10\"} 3\nshop_test_took_seconds_bucket{le=\"+Inf\"} 4\nshop_test_took_seconds_sum 63.0025\nshop_test_took_seconds_count 4\n");
        text.ShouldContain("# TYPE shop_test_live gauge\nshop_test_live{grain=\"Stock\"} 7\n");
        text.ShouldContain("shop_test_open -4\n");
        text.ShouldNotContain("secret");
        live = 0;
        collector.Write().ShouldNotContain("shop_test_live{");
    }

    [Fact]
    public void Measurements_in_turns_count_where_their_tags_say()
    {
        using ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var collector = new MetricsCollector(services.GetRequiredService<IMeterFactory>());
        Counter<int> visits = services.GetRequiredService<IMeterFactory>().Create("Shop.Test").CreateCounter<int>("shop.test.visits");
        object one = 1;
        for (int i = 0; i < 2; i++)
        {
            visits.Add(1);
            visits.Add(10, new KeyValuePair<string, object?>("a", one));
            visits.Add(100, new KeyValuePair<string, object?>("b", one));
            visits.Add(1_000, new("a", one), new("b", one));
            for (int j = 0; j < 2; j++) visits.Add(10_000, new("a", one), new("b", 2));
        }

        string[] lines = [.. collector.Write().Split('\n').Where(l => l.StartsWith("shop_test_visits_total", StringComparison.Ordinal))];
        lines.ShouldBe(
        [
            "shop_test_visits_total 2", "shop_test_visits_total{a=\"1\"} 20", "shop_test_visits_total{a=\"1\",b=\"1\"} 2000", "shop_test_visits_total{a=\"1\",b=\"2\"} 40000",
            "shop_test_visits_total{b=\"1\"} 200",
        ], ignoreOrder: true);
    }

    [Fact]
    public void Labels_without_end_do_not_fill_the_memory()
    {
        using ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var collector = new MetricsCollector(services.GetRequiredService<IMeterFactory>());
        Meter meter = services.GetRequiredService<IMeterFactory>().Create("Shop.Test");
        Counter<int> visits = meter.CreateCounter<int>("shop.test.visits");
        for (int i = 0; i < 10_000; i++) visits.Add(1, new KeyValuePair<string, object?>("who", i));
        string[] lines = [.. collector.Write().Split('\n').Where(l => l.StartsWith("shop_test_visits_total{", StringComparison.Ordinal))];
        lines.Length.ShouldBeLessThanOrEqualTo(501);
        lines.Sum(l => long.Parse(l[(l.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture)).ShouldBe(10_000);
        lines.ShouldContain(l => l.StartsWith("shop_test_visits_total{otel_metric_overflow=\"true\"}", StringComparison.Ordinal));
    }

    [Fact]
    public void Series_are_read_with_their_labels_and_quantiles_of_what_came_since()
    {
        using ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var collector = new MetricsCollector(services.GetRequiredService<IMeterFactory>());
        Histogram<double> took = services.GetRequiredService<IMeterFactory>().Create("Shop.Test").CreateHistogram<double>("shop.test.took", "s");
        KeyValuePair<string, object?> stock = new("grain", "Stock"), order = new("grain", "Order");
        MetricFigure Of(string grain) => collector.Read(["shop_test_took_seconds", "unknown"])["shop_test_took_seconds"].Single(f => f["grain"] == grain);

        for (int i = 0; i < 10; i++) took.Record(4, stock);
        MetricFigure before = Of("Stock");
        for (int i = 0; i < 98; i++) took.Record(0.003, stock);
        for (int i = 0; i < 2; i++) took.Record(0.4, stock);
        took.Record(100, order);
        MetricFigure since = Of("Stock").Since(before);
        since.Count.ShouldBe(100);
        since.Value.ShouldBe(0.003 * 98 + 0.8, 1e-9);
        since.Quantile(0.5)!.Value.ShouldBeInRange(0.0025, 0.005);
        since.Quantile(0.99)!.Value.ShouldBeInRange(0.25, 0.5);
        Of("Stock").Since(Of("Stock")).Quantile(0.5).ShouldBeNull();
        since.With(Of("Order")).Count.ShouldBe(101);
        Of("Order").Quantile(0.5).ShouldBe(10);
    }
}
