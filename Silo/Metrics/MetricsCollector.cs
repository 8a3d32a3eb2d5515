using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
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
