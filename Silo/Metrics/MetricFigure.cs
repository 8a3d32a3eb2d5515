namespace Shop.Metrics;

/// <summary>A series of a metric as it is now.</summary>
/// <param name="Labels">Names and values.</param>
/// <param name="Value">The value; of a histogram the sum.</param>
/// <param name="Count">Of a histogram, the number of measurements.</param>
/// <param name="Buckets">Of a histogram, how many are up to each of its bounds and beyond those before.</param>
public sealed record MetricFigure(IReadOnlyDictionary<string, string> Labels, double Value, long Count, IReadOnlyList<(double Bound, long Count)> Buckets)
{
    /// <summary>The value of a label; empty when there is none.</summary>
    public string this[string label] => Labels.GetValueOrDefault(label, "");

    /// <summary>What came between an earlier look and this one; everything when there is no earlier one.</summary>
    public MetricFigure Since(MetricFigure? earlier) => earlier is null or { Count: 0 } ? this : new(
        Labels, Value - earlier.Value, Count - earlier.Count, [.. Buckets.Zip(earlier.Buckets, (now, then) => (now.Bound, now.Count - then.Count))]);

    /// <summary>Two series of the same metric together, without labels.</summary>
    public MetricFigure With(MetricFigure other) => other.Count == 0 ? this : Count == 0 ? other : new(
        new Dictionary<string, string>(), Value + other.Value, Count + other.Count, [.. Buckets.Zip(other.Buckets, (a, b) => (a.Bound, a.Count + b.Count))]);

    /// <summary>The bound below which a share of a histogram's measurements are, with an even spread within a bucket assumed; null without measurements.</summary>
    public double? Quantile(double share)
    {
        if (Count <= 0) return null;
        double wanted = share * Count, below = 0, from = 0;
        foreach ((double bound, long count) in Buckets)
        {
            if (count > 0 && below + count >= wanted) return from + ((bound - from) * (wanted - below) / count);
            (below, from) = (below + count, bound);
        }

        // Beyond the last bound nothing is known but that it is beyond.
        return from;
    }
}
