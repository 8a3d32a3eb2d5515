using System.Globalization;
using System.Net;
using System.Text;

namespace Shop.Load.Reports;

/// <summary>A page that needs nothing but itself: figures and plots of one run.</summary>
public static class HtmlReport
{
    private const int Width = 720, Height = 200, Left = 60, Bottom = 24;

    /// <summary>Makes the page.</summary>
    public static string Make(LoadResult result)
    {
        IReadOnlyList<Second> seconds = result.Recorder.Measured;
        LatencyHistogram latencies = result.Recorder.Latencies();
        (TimeSpan Upper, long Count)[] buckets = [.. latencies.Buckets()];
        var page = new StringBuilder("""
            <!doctype html><html lang="en"><meta charset="utf-8"><title>Load test</title><style>
            body{font:15px/1.5 system-ui,sans-serif;max-width:800px;margin:2em auto;padding:0 1em;color:#222;background:#fff}
            @media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}svg text{fill:#ccc}}
            table{border-collapse:collapse}td{padding:.1em 1em .1em 0}td+td{text-align:right}h2{font-size:1.1em;margin:1.5em 0 .3em}.bad{color:#c00}.good{color:#080}
            </style>
            """);
        page.Append(CultureInfo.InvariantCulture, $"<h1>{Html(result.Scenario)} on {Html(result.Target)}</h1>");
        page.Append(result.IsRight ? "<p class=good>The shop is right: sold equals stock taken, and every unit is accounted for.</p>" : "<p class=bad>Violations:</p>");
        foreach (string violation in result.Violations) page.Append(CultureInfo.InvariantCulture, $"<p class=bad>{Html(violation)}</p>");
        page.Append("<table>");
        foreach (Outcome outcome in Enum.GetValues<Outcome>())
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{outcome}<td>{result.Recorder.Count(outcome):N0}<td>{result.Recorder.Rate(outcome):N0} a second");
        foreach (double share in new[] { 0.5, 0.9, 0.99, 0.999, 1 }) page.Append(CultureInfo.InvariantCulture, $"<tr><td>p{share * 100}<td>{Summary.Text(latencies.Percentile(share))}");
        page.Append("</table>");
        Plot(page, "Requests a second", [("done", "#2a7", [.. seconds.Select(s => (double)s[Outcome.Done])]), ("refused", "#888", [.. seconds.Select(s => (double)s[Outcome.Refused])]),
            ("shed", "#d80", [.. seconds.Select(s => (double)s[Outcome.Shed])]), ("failed", "#c22", [.. seconds.Select(s => (double)s[Outcome.Failed])])]);
        Plot(page, "Latency in milliseconds", [("p50", "#27c", [.. seconds.Select(s => s.Latencies.Percentile(0.5).TotalMilliseconds)]), ("p99", "#c2c", [.. seconds.Select(s => s.Latencies.Percentile(0.99).TotalMilliseconds)])]);
        Plot(page, $"How many took how long: from 0 to {Summary.Text(latencies.Percentile(0.999))} (p99.9)", [("requests", "#27c", Spread(buckets, latencies.Percentile(0.999)))]);
        if (seconds.Any(s => s.Stock is not null)) Plot(page, "Units that can be bought", [("stock", "#2a7", Filled(seconds.Select(s => s.Stock)))]);
        if (seconds.Any(s => s.WorkingSet is not null)) Plot(page, "Memory in MiB", [("working set", "#a52", [.. Filled(seconds.Select(s => s.WorkingSet)).Select(b => b / 1048576)])]);
        return page.ToString();
    }

    // Equal widths for the eye; the buckets grow with the latency.
    private static double[] Spread((TimeSpan Upper, long Count)[] buckets, TimeSpan to)
    {
        var bars = new double[80];
        foreach ((TimeSpan upper, long count) in buckets)
            if (upper <= to && to > TimeSpan.Zero) bars[Math.Min((int)(upper / to * bars.Length), bars.Length - 1)] += count;
        return bars;
    }

    private static double[] Filled(IEnumerable<long?> values)
    {
        double last = 0;
        return [.. values.Select(v => last = v ?? last)];
    }

    private static void Plot(StringBuilder page, string title, (string Name, string Colour, double[] Values)[] lines)
    {
        double most = Math.Max(1e-9, lines.Max(l => l.Values.DefaultIfEmpty().Max()));
        page.Append(CultureInfo.InvariantCulture, $"<h2>{Html(title)}</h2><svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{Html(title)}\" style=\"width:100%;font-size:11px\">");
        foreach (double share in new[] { 0, 0.5, 1 })
        {
            double y = Y(most * share, most);
            page.Append(CultureInfo.InvariantCulture, $"<line x1=\"{Left}\" x2=\"{Width}\" y1=\"{y:F1}\" y2=\"{y:F1}\" stroke=\"#8884\"/><text x=\"{Left - 6}\" y=\"{y + 4:F1}\" text-anchor=\"end\">{most * share:G4}</text>");
        }

        foreach ((int i, (string name, string colour, double[] values)) in lines.Index())
        {
            string points = string.Join(' ', values.Select((v, x) => string.Create(CultureInfo.InvariantCulture, $"{Left + ((Width - Left - 4) * (double)x / Math.Max(1, values.Length - 1)):F1},{Y(v, most):F1}")));
            page.Append(CultureInfo.InvariantCulture, $"<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/><text x=\"{Left + (i * 90)}\" y=\"{Height - 6}\" style=\"fill:{colour}\">{Html(name)}</text>");
        }

        page.Append("</svg>");
    }

    private static double Y(double value, double most) => 8 + ((Height - Bottom - 16) * (1 - (value / most)));

    private static string Html(string text) => WebUtility.HtmlEncode(text);
}
