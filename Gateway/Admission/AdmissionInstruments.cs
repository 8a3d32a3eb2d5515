using System.Diagnostics.Metrics;

namespace Shop.Gateway.Admission;

/// <summary>The figures of turns.</summary>
public sealed class AdmissionInstruments : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _refused;
    private readonly Histogram<double> _waited;

    /// <summary>Creates the instruments of a queue.</summary>
    public AdmissionInstruments(IMeterFactory meters, AdmissionQueue queue)
    {
        _meter = meters.Create("Shop.Admission");
        _refused = _meter.CreateCounter<long>("shop.admission.refused", "{request}", "Requests that were sent away");
        _waited = _meter.CreateHistogram<double>("shop.admission.wait", "s", "Time that a request waited for its turn");
        _meter.CreateObservableGauge("shop.admission.running", () => queue.Running, "{request}", "Requests that are worked on");
        _meter.CreateObservableGauge("shop.admission.waiting", () => queue.Waiting, "{request}", "Requests that wait for their turn");
        _meter.CreateObservableGauge("shop.admission.limit", () => queue.Limit, "{request}", "Requests that are worked on at once at the most");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    internal void Refused(Refused reason) => _refused.Add(1, new KeyValuePair<string, object?>("reason", reason == Admission.Refused.BusySku ? "busy" : "overloaded"));

    internal void Waited(TimeSpan time) => _waited.Record(time.TotalSeconds);
}
