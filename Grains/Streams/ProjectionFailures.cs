using System.Collections.Concurrent;
using Shop.Events;

namespace Shop.Streams;

/// <summary>How often events failed lately. An event that keeps failing is parked, so that it stands in nobody's way.</summary>
internal sealed class ProjectionFailures
{
    private const int AttemptsMax = 3, KnownMax = 10_000;
    private readonly ConcurrentDictionary<(string Projection, EventId EventId), (int Attempts, string Error)> _known = new();

    // Every consumer asks for every event, and hardly ever does one fail.
    private volatile bool _hasAny;

    /// <summary>An event failed.</summary>
    public void Failed(string projection, EventId eventId, Exception error)
    {
        // Whoever failed once and then not any more stays here; now and then all begin again.
        if (_known.Count >= KnownMax) _known.Clear();
        _hasAny = true;
        _known.AddOrUpdate((projection, eventId), _ => (1, Text(error)), (_, known) => (known.Attempts + 1, Text(error)));
    }

    /// <summary>Why an event has to be parked; null when it may be tried.</summary>
    public string? WhyParked(string projection, EventId eventId) =>
        _hasAny && _known.TryGetValue((projection, eventId), out (int Attempts, string Error) known) && known.Attempts >= AttemptsMax ? known.Error : null;

    private static string Text(Exception error) => $"{error.GetType().Name}: {error.Message}";
}
