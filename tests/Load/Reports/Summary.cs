using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Shop.Load.Reports;

/// <summary>The figures of a run, for people and for machines.</summary>
public static class Summary
{
    private static readonly double[] Percentiles = [0.5, 0.9, 0.99, 0.999, 1];

    /// <summary>Prints the figures and the verdict.</summary>
    public static void Print(LoadResult result)
    {
        LatencyHistogram latencies = result.Recorder.Latencies();
        var table = new Table().Title(Markup.Escape($"{result.Scenario} on {result.Target}")).AddColumns("", "");
        table.Columns[1].RightAligned();
        table.AddRow("measured", $"{result.Recorder.Duration.TotalSeconds:F0} s after {result.Arrivals.WarmUp.TotalSeconds:F0} s");
        table.AddRow("arrivals", result.Arrivals.DueAt is null ? $"{result.Arrivals.Callers} callers, each after its answer" : "each at its time, answered or not");
        foreach (Outcome outcome in Enum.GetValues<Outcome>())
            table.AddRow(outcome.ToString().ToLowerInvariant(), string.Create(CultureInfo.InvariantCulture, $"{result.Recorder.Count(outcome):N0} ({result.Recorder.Rate(outcome):N0} a second)"));
        foreach (double share in Percentiles) table.AddRow(share == 1 ? "slowest" : $"p{(share * 100).ToString(CultureInfo.InvariantCulture)}", Text(latencies.Percentile(share)));
        AnsiConsole.Write(table);
        foreach ((string reason, long count) in result.Recorder.Failures) AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"failed {count:N0} times: {reason}");
        foreach (string violation in result.Violations.Take(20)) AnsiConsole.MarkupLineInterpolated($"[red]{violation}[/]");
        AnsiConsole.MarkupLine(result.IsRight ? "[green]The shop is right: sold equals stock taken, and every unit is accounted for.[/]" : $"[red]{result.Violations.Count} violations.[/]");
    }

    /// <summary>The figures as JSON.</summary>
    public static string Json(LoadResult result)
    {
        LatencyHistogram latencies = result.Recorder.Latencies();
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("scenario", result.Scenario);
            json.WriteString("target", result.Target);
            json.WriteNumber("seconds", result.Recorder.Duration.TotalSeconds);
            foreach (Outcome outcome in Enum.GetValues<Outcome>()) json.WriteNumber(outcome.ToString().ToLowerInvariant(), result.Recorder.Count(outcome));
            json.WriteStartObject("latencyMs");
            foreach (double share in Percentiles) json.WriteNumber(share == 1 ? "max" : $"p{(share * 100).ToString(CultureInfo.InvariantCulture)}", latencies.Percentile(share).TotalMilliseconds);
            json.WriteEndObject();
            json.WriteStartArray("perSecond");
            foreach (Second second in result.Recorder.Measured)
            {
                json.WriteStartObject();
                foreach (Outcome outcome in Enum.GetValues<Outcome>()) json.WriteNumber(outcome.ToString().ToLowerInvariant(), second[outcome]);
                json.WriteNumber("p50Ms", second.Latencies.Percentile(0.5).TotalMilliseconds);
                json.WriteNumber("p99Ms", second.Latencies.Percentile(0.99).TotalMilliseconds);
                if (second.Stock is { } stock) json.WriteNumber("stock", stock);
                if (second.WorkingSet is { } memory) json.WriteNumber("workingSet", memory);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartObject("failures");
            foreach ((string reason, long count) in result.Recorder.Failures) json.WriteNumber(reason, count);
            json.WriteEndObject();
            json.WriteStartArray("violations");
            foreach (string violation in result.Violations) json.WriteStringValue(violation);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>A latency for people.</summary>
    public static string Text(TimeSpan latency) => latency.TotalMilliseconds >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{latency.TotalMilliseconds:N1} ms")
        : string.Create(CultureInfo.InvariantCulture, $"{latency.TotalMicroseconds:N0} µs");
}
