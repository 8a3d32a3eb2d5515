using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Shop.Metrics;

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
    private Series? _last;
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
        _last = null;
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
        // Mostly it is the one of the measurement before.
        if (_last is { } last && last.Has(tags)) return last;
        return _last = FindByText(tags);
    }

    private Series FindByText(ReadOnlySpan<KeyValuePair<string, object?>> tags)
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
        KeyValuePair<string, object?>[] made = tags.ToArray();
        bool fits = _series.Count < SeriesMax;
        if (fits)
            foreach ((string name, object? value) in tags) named[MetricName.Clean(name)] = Text(value);
        return _series.GetOrAdd(fits ? labels : Overflow, _ => new Series(_bounds.Length, named, made));
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

    private sealed class Series(int buckets, IReadOnlyDictionary<string, string> labels, KeyValuePair<string, object?>[] made)
    {
        public IReadOnlyDictionary<string, string> Labels => labels;

        public double Value { get; set; }

        public long Count { get; private set; }

        public long[] Buckets { get; } = new long[buckets];

        /// <summary>Whether tags are the very objects that it was made with; equal ones are found by their text.</summary>
        public bool Has(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags.Length != made.Length) return false;
            for (int i = 0; i < made.Length; i++)
                if (!ReferenceEquals(tags[i].Value, made[i].Value) || !ReferenceEquals(tags[i].Key, made[i].Key)) return false;
            return true;
        }

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
