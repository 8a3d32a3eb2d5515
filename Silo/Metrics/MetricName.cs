using System.Diagnostics.Metrics;
using System.Text;

namespace Shop.Metrics;

/// <summary>Names as Prometheus has them: underscores, the unit, and <c>_total</c> for what only grows.</summary>
internal static class MetricName
{
    // Prometheus keeps this ending for its histograms.
    private const string Reserved = "_count";

    public static string Of(Instrument instrument)
    {
        string name = Clean(instrument.Name);
        if (name.EndsWith(Reserved, StringComparison.Ordinal) && !IsHistogram(instrument)) name = name[..^Reserved.Length];
        string? unit = instrument.Unit switch
        {
            "s" => "seconds",
            "By" => "bytes",
            "%" => "percent",
            _ => null,
        };
        if (unit is not null && !name.EndsWith("_" + unit, StringComparison.Ordinal)) name += "_" + unit;
        return IsCounter(instrument) ? name + "_total" : name;
    }

    public static bool IsCounter(Instrument instrument) => Kind(instrument) is "Counter`1" or "ObservableCounter`1";

    public static bool IsHistogram(Instrument instrument) => Kind(instrument) == "Histogram`1";

    public static string Clean(string name)
    {
        var clean = new StringBuilder(name.Length);
        foreach (char c in name) clean.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        return clean.ToString();
    }

    private static string Kind(Instrument instrument) => instrument.GetType().Name;
}
