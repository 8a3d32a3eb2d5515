using System.Diagnostics.Metrics;

namespace Shop.Streams;

/// <summary>The figures of the consumers of events.</summary>
public sealed class ProjectionInstruments : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _events;
    private readonly Counter<long> _parked;
    private readonly Histogram<double> _delay;

    /// <summary>Creates the instruments.</summary>
    public ProjectionInstruments(IMeterFactory meters)
    {
        _meter = meters.Create("Shop.Streams");
        _events = _meter.CreateCounter<long>("shop.stream.events", "{event}", "Events that consumers took");
        _parked = _meter.CreateCounter<long>("shop.stream.parked", "{event}", "Events that a consumer could not take");
        _delay = _meter.CreateHistogram<double>("shop.stream.delay", "s", "Time from an event's commit until a consumer has it");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    internal void Took(string projection, int events, TimeSpan delay)
    {
        var consumer = new KeyValuePair<string, object?>("consumer", projection);
        _events.Add(events, consumer);
        _delay.Record(delay.TotalSeconds, consumer);
    }

    internal void Parked(string projection) => _parked.Add(1, new KeyValuePair<string, object?>("consumer", projection));
}
