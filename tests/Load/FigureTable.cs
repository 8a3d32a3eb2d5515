using System.Globalization;
using Shop.Load.Reports;
using Shop.Load.Scenarios;
using Shop.Load.Targets;
using Spectre.Console;

namespace Shop.Load;

/// <summary>The figures that the design asks for, measured one after the other with the peers in the same run.</summary>
public static class FigureTable
{
    /// <summary>Measures and prints; 1 when a run was not right.</summary>
    public static async Task<int> RunAsync(int seconds, int warmUp, string? peersScript, CancellationToken cancellation)
    {
        IReadOnlyDictionary<string, double> peers = peersScript is null ? new Dictionary<string, double>() : await Peers.MeasureAsync(peersScript, Math.Min(seconds, 10));
        var options = new LoadOptions { WarmUp = TimeSpan.FromSeconds(warmUp), Duration = TimeSpan.FromSeconds(seconds) };
        var table = new Table().AddColumns("work", "measured", "peer", "ratio", "must", "aim", "right");
        bool isRight = true;

        async Task<LoadResult> Measure(string target, IScenario scenario, LoadOptions load)
        {
            await using TargetPlace place = await TargetPlace.OpenAsync(target, "", null);
            LoadResult result = await LoadRun.RunAsync(scenario.GetType().Name, scenario, place.Target, load, cancellation);
            foreach (string violation in result.Violations) Console.Error.WriteLine(violation);
            isRight &= result.IsRight;
            return result;
        }

        void Row(string work, LoadResult result, string peer, string must, string aim)
        {
            double rate = result.Recorder.Rate(Outcome.Done);
            double? other = peers.TryGetValue(peer, out double known) ? known : null;
            table.AddRow(work, Number(rate), other is null ? $"{peer}: not here" : $"{peer} {Number(other.Value)}", other is null ? "" : (rate / other.Value).ToString("F2", CultureInfo.InvariantCulture) + " ×", must, aim,
                result.IsRight ? "yes" : "NO");
        }

        Row("reservations of one SKU, in process, 512 callers", await Measure("in-process", new ReserveScenario(), options with { Callers = 512 }), "postgres_hot_row", "50 ×", "150 ×");
        LoadResult http = await Measure("gateway", new ReserveScenario(), options with { Callers = 256 });
        Row("the same through HTTP, 256 callers", http, "postgres_hot_row", "7 ×", "");
        Row("the same, beside Redis", http, "redis_hot_key", "", "1 ×");
        LoadResult checkouts = await Measure("gateway", new CheckoutScenario(10_000, zipf: false), options with { Callers = 128 });
        Row("checkouts of 3 lines over 10,000 SKUs, HTTP", checkouts, "postgres_many_rows", "0.2 ×", "1 ×");
        Row("the plain endpoint, one hot SKU, HTTP", await Measure("plain", new ReserveScenario(), options with { Callers = 64 }), "postgres_hot_row", "", "");
        double half = checkouts.Recorder.Rate(Outcome.Done) / 2;
        LoadResult calm = await Measure("gateway", new CheckoutScenario(10_000, zipf: false), options with { Rate = half });
        LatencyHistogram latencies = calm.Recorder.Latencies();
        table.AddRow($"p99 of a checkout at {Number(half)} a second", Summary.Text(latencies.Percentile(0.99)), $"median {Summary.Text(latencies.Percentile(0.5))}", "", "50 ms", "15 ms", calm.IsRight ? "yes" : "NO");
        AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 150);
        AnsiConsole.Write(table);
        return isRight ? 0 : 1;
    }

    private static string Number(double value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
