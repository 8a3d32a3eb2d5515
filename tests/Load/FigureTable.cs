using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Shop.Load;

/// <summary>
/// The figures that the design asks for, measured one after the other. A machine may be three times as fast in one minute as in the next, and not at
/// everything, so the peers are measured before and after each row that is compared with them.
/// </summary>
public static class FigureTable
{
    // Before and after a row together as long as the row, by default.
    private const int PeerSecondsMax = 5;

    // In ten seconds a single slow one decides the p99 of a thousand requests a second; the system writes back what has changed about every thirty.
    private const int CalmTimesLonger = 3;

    /// <summary>Measures and prints; 1 when a run was not right.</summary>
    public static async Task<int> RunAsync(int seconds, int warmUp, string? peersScript)
    {
        Console.Error.WriteLine("Eleven rows; each takes its preparation, the warm-up and the measured time. The peers are measured before and after those that are compared with them.");
        IReadOnlyDictionary<string, double> before = await MeasurePeers(), after = before;
        var table = new Table().AddColumns("work", "measured", "peer", "ratio", "must", "aim", "right");
        bool isRight = true;

        async Task<IReadOnlyDictionary<string, double>> MeasurePeers()
        {
            if (peersScript is null) return new Dictionary<string, double>();
            Console.Error.WriteLine("peers");
            return await Peers.MeasureAsync(peersScript, Math.Min(seconds, PeerSecondsMax));
        }

        async Task<Figures> MeasureBesidePeers(params string[] arguments)
        {
            before = after;
            Figures figures = await Measure(arguments);
            after = await MeasurePeers();
            return figures;
        }

        Task<Figures> Measure(params string[] arguments) => MeasureFor(seconds, arguments);

        async Task<Figures> MeasureFor(int duration, params string[] arguments)
        {
            Console.Error.WriteLine(string.Join(' ', arguments));
            // One SKU in process holds a million units in ten seconds. A longer warm-up would make it warm no better, only large.
            int first = arguments.Contains("in-process") ? Math.Min(warmUp, 10) : warmUp;
            Figures figures = await Figures.MeasureAsync([.. arguments, "--warm-up", $"{first}", "--duration", $"{duration}"]);
            isRight &= figures.IsRight;
            return figures;
        }

        void Row(string work, Figures figures, string peer, string must, string aim)
        {
            bool isHere = before.TryGetValue(peer, out double first) & after.TryGetValue(peer, out double second);
            table.AddRow(work, Text(figures.PerSecond), isHere ? $"{peer} {Text(first)} and {Text(second)}" : $"{peer}: not here",
                isHere ? (figures.PerSecond * 2 / (first + second)).ToString("F2", CultureInfo.InvariantCulture) + " ×" : "", must, aim, figures.IsRight ? "yes" : "NO");
        }

        void CalmRow(string work, Figures figures) =>
            table.AddRow(work, $"{figures.P99Ms:F1} ms", $"median {figures.P50Ms:F1} ms", "", "50 ms", "15 ms", figures.IsRight ? "yes" : "NO");

        Row("reservations of one SKU, in process, 512 callers", await MeasureBesidePeers("reserve", "--target", "in-process", "--callers", "512"), "postgres_hot_row", "50 ×", "150 ×");
        Figures http = await MeasureBesidePeers("reserve", "--callers", "256");
        Row("the same through HTTP, 256 callers", http, "postgres_hot_row", "7 ×", "");
        Row("the same, beside Redis", http, "redis_hot_key", "", "1 ×");
        Figures checkouts = await MeasureBesidePeers("checkout", "--uniform", "--callers", "128");
        Row("checkouts of 3 lines over 10,000 SKUs, HTTP", checkouts, "postgres_many_rows", "0.2 ×", "1 ×");
        // At once, while the machine is still what it was. A new database makes the files of its log while commits wait; one that has worked for a day does not.
        string[] half = ["checkout", "--uniform", "--rate", $"{(int)checkouts.PerSecond / 2}"];
        CalmRow($"p99 of a checkout at {Text(checkouts.PerSecond / 2)} a second, database tuned", await MeasureFor(CalmTimesLonger * seconds, [.. half, "--tuned"]));
        CalmRow("the same, database new and with its defaults", await MeasureFor(CalmTimesLonger * seconds, half));
        Row("the plain endpoint, one hot SKU, HTTP", await MeasureBesidePeers("reserve", "--target", "plain", "--callers", "64"), "postgres_hot_row", "", "");
        Console.Error.WriteLine("runtime, carts");
        RuntimeFigures runtime = await RuntimeFigures.MeasureAsync(seconds);
        table.AddRow("calls of one grain in process, 512 callers", Text(runtime.OneGrain), "", "", "500,000", "1,500,000", "");
        table.AddRow("the same over 10,000 grains", Text(runtime.ManyGrains), "", "", "", "", "");
        table.AddRow("an idle activation beyond its state", $"{Text(runtime.BytesPerActivation)} bytes", "", "", "2,048", "512", "");
        IdleCarts carts = await IdleCarts.MeasureAsync(20_000);
        isRight &= carts.Wrong == 0;
        table.AddRow("activations from the journal, PostgreSQL", Text(carts.BackPerSecond), "", "", "2,000", "10,000", carts.Wrong == 0 ? "yes" : "NO");
        AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 150);
        AnsiConsole.Write(table);
        return isRight ? 0 : 1;
    }

    private static string Text(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>What one run in a process of its own came to: what it leaves in memory is nobody else's burden.</summary>
    private sealed record Figures(double PerSecond, double P50Ms, double P99Ms, bool IsRight)
    {
        public static async Task<Figures> MeasureAsync(IEnumerable<string> arguments)
        {
            string file = Path.GetTempFileName();
            try
            {
                using Process process = Process.Start(new ProcessStartInfo("dotnet", [typeof(FigureTable).Assembly.Location, .. arguments, "--json", file]) { RedirectStandardOutput = true })!;
                string output = await process.StandardOutput.ReadToEndAsync();
                await process.WaitForExitAsync();
                if (process.ExitCode > 1) throw new IOException($"The run ended with {process.ExitCode}: {output}");
                JsonNode json = JsonNode.Parse(await File.ReadAllTextAsync(file))!;
                return new Figures((double)json["done"]! / (double)json["seconds"]!, (double)json["latencyMs"]!["p50"]!, (double)json["latencyMs"]!["p99"]!, process.ExitCode == 0);
            }
            finally
            {
                File.Delete(file);
            }
        }
    }
}
