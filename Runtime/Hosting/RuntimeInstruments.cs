using System.Diagnostics.Metrics;
using Orleans.Activations;
using Orleans.Calls;

namespace Orleans.Hosting;

/// <summary>The figures of a silo.</summary>
internal sealed class RuntimeInstruments : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _activated;
    private readonly Counter<long> _deactivated;
    private readonly Counter<long> _refused;
    private readonly Histogram<double> _took;

    public RuntimeInstruments(IMeterFactory meters)
    {
        _meter = meters.Create("Shop.Runtime");
        _activated = _meter.CreateCounter<long>("shop.runtime.activations", "{activation}", "Activations started");
        _deactivated = _meter.CreateCounter<long>("shop.runtime.deactivations", "{activation}", "Activations ended");
        _refused = _meter.CreateCounter<long>("shop.runtime.calls.refused", "{call}", "Calls refused because the grain was busy");
        _took = _meter.CreateHistogram<double>("shop.runtime.call.duration", "s", "Time from the first turn of a call to its end; of many calls some are timed");
    }

    public void Activated(Type grain) => _activated.Add(1, new KeyValuePair<string, object?>("grain", grain.Name));

    public void Deactivated(Type grain) => _deactivated.Add(1, new KeyValuePair<string, object?>("grain", grain.Name));

    public void Refused() => _refused.Add(1);

    public void Took(Type grain, GrainMethod method, TimeSpan time) =>
        _took.Record(time.TotalSeconds, new KeyValuePair<string, object?>("grain", grain.Name), new KeyValuePair<string, object?>("method", method.Name));

    public void Observe(Func<IEnumerable<KeyValuePair<string, int>>> counts, Func<IEnumerable<GrainClass>> classes)
    {
        _meter.CreateObservableGauge("shop.runtime.activations.live",
            () => counts().Select(c => new Measurement<int>(c.Value, new KeyValuePair<string, object?>("grain", c.Key))), "{activation}", "Activations in memory");
        _meter.CreateObservableCounter("shop.runtime.calls", () => Calls(classes(), f => f.Calls), "{call}", "Calls that grains began");
        _meter.CreateObservableCounter("shop.runtime.calls.failed", () => Calls(classes(), f => f.Failed), "{call}", "Calls that ended with an error");
    }

    private static IEnumerable<Measurement<long>> Calls(IEnumerable<GrainClass> classes, Func<CallFigures, long> count)
    {
        foreach (GrainClass @class in classes)
            foreach (CallFigures figures in @class.Figures.All)
                yield return new Measurement<long>(count(figures), new KeyValuePair<string, object?>("grain", @class.Type.Name), new KeyValuePair<string, object?>("method", figures.Method.Name));
    }

    public void Dispose() => _meter.Dispose();
}
