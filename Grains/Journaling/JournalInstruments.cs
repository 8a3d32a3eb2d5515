using System.Diagnostics.Metrics;

namespace Shop.Journaling;

/// <summary>The figures of the journal writer.</summary>
public sealed class JournalInstruments : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _commits;
    private readonly Counter<long> _events;
    private readonly Counter<long> _stale;
    private readonly Histogram<int> _batchSize;
    private readonly Histogram<double> _batchSeconds;

    /// <summary>Creates the instruments.</summary>
    public JournalInstruments(IMeterFactory meters)
    {
        _meter = meters.Create("Shop.Journal");
        _commits = _meter.CreateCounter<long>("shop.journal.commits", "{commit}", "Commits that are durable");
        _events = _meter.CreateCounter<long>("shop.journal.events", "{event}", "Events that are durable");
        _stale = _meter.CreateCounter<long>("shop.journal.stale", "{commit}", "Commits refused because another activation wrote first");
        _batchSize = _meter.CreateHistogram<int>("shop.journal.batch.size", "{commit}", "Commits in a batch");
        _batchSeconds = _meter.CreateHistogram<double>("shop.journal.batch.duration", "s", "Time from the start of a batch until it is durable");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    internal void Committed(int commits, int events, TimeSpan duration)
    {
        _commits.Add(commits);
        _events.Add(events);
        _batchSize.Record(commits);
        _batchSeconds.Record(duration.TotalSeconds);
    }

    internal void Refused() => _stale.Add(1);
}
