using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Shop.Metrics;

/// <summary>
/// Sums up what the meters of this process say and writes it in Prometheus' text format 0.0.4. The number of series of an instrument is
/// bounded: what comes beyond is counted under <c>otel_metric_overflow="true"</c>.
/// </summary>
public sealed class MetricsCollector : IDisposable
{
    /// <summary>The type of the text.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private const string ShopMeters = "Shop.";
    private static readonly string[] OtherMeters = ["System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"];

    private readonly Lock _writing = new();
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, Metric> _metrics = new(StringComparer.Ordinal);

    /// <summary>Collects from now on.</summary>
    /// <param name="meters">Whose meters count, besides those of the process itself: another shop in the same process has figures of its own.</param>
    public MetricsCollector(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope is not null && !ReferenceEquals(instrument.Meter.Scope, meters)) return;
            if (!instrument.Meter.Name.StartsWith(ShopMeters, StringComparison.Ordinal) && !OtherMeters.Contains(instrument.Meter.Name)) return;
            Metric metric = _metrics.GetOrAdd(MetricName.Of(instrument), _ => new Metric(instrument));
            listener.EnableMeasurementEvents(instrument, metric);
        };
        _listener.SetMeasurementEventCallback<int>((_, value, tags, metric) => Record(metric, value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, metric) => Record(metric, value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, metric) => Record(metric, value, tags));
        _listener.Start();
    }

    /// <summary>Everything as it is now.</summary>
    public string Write()
    {
        // Two readers at the same time would clear each other's observations.
        using Lock.Scope one = _writing.EnterScope();
        // What is observed may have gone since the last time.
        foreach (Metric metric in _metrics.Values) metric.BeginObservation();
        _listener.RecordObservableInstruments();
        var text = new StringBuilder(16 * 1024);
        foreach (Metric metric in _metrics.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => m.Value)) metric.Write(text);
        return text.ToString();
    }

    /// <summary>The series of some metrics as they are now, by the metrics' names in Prometheus.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<MetricFigure>> Read(IReadOnlyCollection<string> names)
    {
        using Lock.Scope one = _writing.EnterScope();
        Metric[] wanted = [.. names.Select(n => _metrics.GetValueOrDefault(n)).OfType<Metric>()];
        foreach (Metric metric in _metrics.Values) metric.BeginObservation();
        _listener.RecordObservableInstruments();
        return wanted.ToDictionary(m => m.Name, m => m.Read());
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private static void Record(object? metric, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => ((Metric)metric!).Record(value, tags);
}

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

/// <summary>One metric and its series.</summary>
internal sealed class Metric(Instrument instrument)
{
    private const int SeriesMax = 500, KnownMax = 4 * SeriesMax, LabelLengthMax = 100, KeyLengthMax = 512;
    private static readonly double[] Seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    private static readonly double[] Counts = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];
    private static readonly string Overflow = "otel_metric_overflow=\"true\"";

    private readonly ConcurrentDictionary<string, Series> _series = new(StringComparer.Ordinal);

    // The same series by its tags as they come: a measurement of known tags makes nothing for the collector.
    private readonly ConcurrentDictionary<string, Series> _known = new(StringComparer.Ordinal);
    private readonly bool _isLast = instrument.IsObservable || instrument.GetType().Name == "Gauge`1";
    private readonly bool _isCounter = MetricName.IsCounter(instrument), _isHistogram = MetricName.IsHistogram(instrument);
    private readonly double[] _bounds = MetricName.IsHistogram(instrument) ? Bounds(instrument) : [];
    private readonly string _name = MetricName.Of(instrument);

    public string Name => _name;

    public IReadOnlyList<MetricFigure> Read()
    {
        List<MetricFigure> figures = [];
        foreach (Series series in _series.Values)
        {
            lock (series) figures.Add(new MetricFigure(series.Labels, series.Value, series.Count, [.. _bounds.Zip(series.Buckets)]));
        }

        return figures;
    }

    public void BeginObservation()
    {
        if (!instrument.IsObservable) return;
        _series.Clear();
        _known.Clear();
    }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Series series = Find(tags);
        lock (series)
        {
            if (_isHistogram) series.Observe(value, _bounds);
            else if (_isLast) series.Value = value;
            else series.Value += value;
        }
    }

    private Series Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Span<char> key = stackalloc char[KeyLengthMax];
        if (!TryKey(tags, key, out int length)) return Make(tags);
        if (_known.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(key[..length], out Series? series)) return series;
        series = Make(tags);
        if (_known.Count < KnownMax) _known[key[..length].ToString()] = series;
        return series;
    }

    private Series Make(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string labels = Labels(tags);
        if (_series.TryGetValue(labels, out Series? series)) return series;
        var named = new Dictionary<string, string>(StringComparer.Ordinal);
        bool fits = _series.Count < SeriesMax;
        if (fits)
            foreach ((string name, object? value) in tags) named[MetricName.Clean(name)] = Text(value);
        return _series.GetOrAdd(fits ? labels : Overflow, _ => new Series(_bounds.Length, named));
    }

    private static bool TryKey(ReadOnlySpan<KeyValuePair<string, object?>> tags, Span<char> key, out int length)
    {
        length = 0;
        foreach ((string name, object? value) in tags)
        {
            if (!Add(name, key, ref length)) return false;
            if (value is ISpanFormattable number)
            {
                if (!number.TryFormat(key[length..], out int written, default, CultureInfo.InvariantCulture) || !Add("", key, ref length, written)) return false;
            }
            else if (!Add(value as string ?? value?.ToString(), key, ref length))
            {
                return false;
            }
        }

        return true;

        // Each part ends with a character that no label has.
        static bool Add(ReadOnlySpan<char> part, Span<char> key, ref int length, int written = 0)
        {
            length += written;
            if (part.Length + 1 > key.Length - length) return false;
            part.CopyTo(key[length..]);
            length += part.Length;
            key[length++] = '\0';
            return true;
        }
    }

    public void Write(StringBuilder text)
    {
        if (_series.IsEmpty) return;
        string help = (string.IsNullOrEmpty(instrument.Description) ? instrument.Name : instrument.Description).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        text.Append("# HELP ").Append(_name).Append(' ').Append(help).Append('\n');
        text.Append("# TYPE ").Append(_name).Append(' ').Append(_isHistogram ? "histogram" : _isCounter ? "counter" : "gauge").Append('\n');
        foreach ((string labels, Series series) in _series.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            lock (series)
            {
                if (!_isHistogram)
                {
                    Line(text, _name, labels, series.Value);
                    continue;
                }

                long count = 0;
                for (int i = 0; i < _bounds.Length; i++)
                    Line(text, _name + "_bucket", Join(labels, $"le=\"{Number(_bounds[i])}\""), count += series.Buckets[i]);
                Line(text, _name + "_bucket", Join(labels, "le=\"+Inf\""), series.Count);
                Line(text, _name + "_sum", labels, series.Value);
                Line(text, _name + "_count", labels, series.Count);
            }
        }
    }

    private static double[] Bounds(Instrument instrument)
    {
        IReadOnlyList<double>? advised = instrument switch
        {
            Histogram<double> h => h.Advice?.HistogramBucketBoundaries,
            Histogram<int> h => h.Advice?.HistogramBucketBoundaries?.Select(b => (double)b).ToArray(),
            Histogram<long> h => h.Advice?.HistogramBucketBoundaries?.Select(b => (double)b).ToArray(),
            _ => null,
        };
        return advised?.ToArray() ?? (instrument.Unit == "s" ? Seconds : Counts);
    }

    // In the order of their names, so that the same labels are the same series.
    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty) return "";
        KeyValuePair<string, object?>[] sorted = tags.ToArray();
        Array.Sort(sorted, static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        var text = new StringBuilder(64);
        foreach ((string name, object? value) in sorted)
        {
            if (text.Length > 0) text.Append(',');
            string written = Text(value);
            text.Append(MetricName.Clean(name)).Append("=\"");
            foreach (char c in written)
            {
                if (c is '\\' or '"') text.Append('\\').Append(c);
                else if (c == '\n') text.Append("\\n");
                else text.Append(char.IsControl(c) ? ' ' : c);
            }

            text.Append('"');
        }

        return text.ToString();
    }

    private static string Text(object? value)
    {
        string text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        return text.Length > LabelLengthMax ? text[..LabelLengthMax] : text;
    }

    private static string Join(string labels, string more) => labels.Length == 0 ? more : labels + "," + more;

    private static void Line(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0) text.Append('{').Append(labels).Append('}');
        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private sealed class Series(int buckets, IReadOnlyDictionary<string, string> labels)
    {
        public IReadOnlyDictionary<string, string> Labels => labels;

        public double Value { get; set; }

        public long Count { get; private set; }

        public long[] Buckets { get; } = new long[buckets];

        public void Observe(double value, double[] bounds)
        {
            Value += value;
            Count++;
            for (int i = 0; i < bounds.Length; i++)
            {
                if (value > bounds[i]) continue;
                Buckets[i]++;
                break;
            }
        }
    }
}
