using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Shop.Engine;

/// <summary>How many grains of each class are in memory: what Orleans counts, under the name that the shop's figures have.</summary>
internal sealed class ActivationFigures : IDisposable
{
    private const string OrleansMeter = "Microsoft.Orleans", OrleansName = "orleans-grains";

    private readonly ConcurrentDictionary<string, int> _live = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();
    private readonly Meter _meter;

    public ActivationFigures(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            // Another shop in the same process has figures of its own.
            if (instrument.Meter.Scope is not null && !ReferenceEquals(instrument.Meter.Scope, meters)) return;
            if (instrument.Meter.Name == OrleansMeter && instrument.Name == OrleansName) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<int>((_, value, tags, _) => Count(value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, _) => Count((int)value, tags));
        _listener.Start();
        _meter = meters.Create("Shop.Runtime");
        _meter.CreateObservableGauge("shop.runtime.activations.live",
            () => _live.Select(l => new Measurement<int>(l.Value, new KeyValuePair<string, object?>("grain", l.Key))), "{activation}", "Activations in memory");
    }

    /// <summary>The number of the shop's grains in memory.</summary>
    public int Live => _live.Values.Sum();

    public void Dispose()
    {
        _listener.Dispose();
        _meter.Dispose();
    }

    private void Count(int change, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach ((string tag, object? value) in tags)
        {
            // The shop's only, by the name of the class: the type comes with its namespace and its assembly.
            if (tag != "type" || value is not string type || !type.StartsWith("Shop.", StringComparison.Ordinal)) continue;
            string name = type.Split(',')[0];
            _live.AddOrUpdate(name[(name.LastIndexOf('.') + 1)..], change, (_, live) => live + change);
        }
    }
}
