using System.Diagnostics.Metrics;

namespace Orleans.Hosting;

/// <summary>The figures of a silo.</summary>
internal sealed class RuntimeInstruments : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _activated;
    private readonly Counter<long> _deactivated;
    private readonly Counter<long> _refused;

    public RuntimeInstruments(IMeterFactory meters)
    {
        _meter = meters.Create("Shop.Runtime");
        _activated = _meter.CreateCounter<long>("shop.runtime.activations", "{activation}", "Activations started");
        _deactivated = _meter.CreateCounter<long>("shop.runtime.deactivations", "{activation}", "Activations ended");
        _refused = _meter.CreateCounter<long>("shop.runtime.calls.refused", "{call}", "Calls refused because the grain was busy");
    }

    public void Activated(Type grain) => _activated.Add(1, new KeyValuePair<string, object?>("grain", grain.Name));

    public void Deactivated(Type grain) => _deactivated.Add(1, new KeyValuePair<string, object?>("grain", grain.Name));

    public void Refused() => _refused.Add(1);

    public void Observe(Func<IEnumerable<KeyValuePair<string, int>>> counts) =>
        _meter.CreateObservableGauge("shop.runtime.activations.live",
            () => counts().Select(c => new Measurement<int>(c.Value, new KeyValuePair<string, object?>("grain", c.Key))), "{activation}", "Activations in memory");

    public void Dispose() => _meter.Dispose();
}
