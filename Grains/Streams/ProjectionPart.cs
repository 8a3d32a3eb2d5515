using Shop.Events;

namespace Shop.Streams;

/// <summary>
/// One partition of a projection in memory: its rows, its place in the journal, and what is parked. It is ahead of the store
/// until it commits; whoever gets an exception from it has to forget it and load it again.
/// </summary>
internal sealed class ProjectionPart
{
    private const int ParkedMax = 10_000, RowsMax = 400, ChangedRowsMax = 5_000;

    private readonly ProjectionServices _services;
    private readonly Projection _projection;
    private readonly string _name;
    private readonly int _partition;
    private readonly ProjectionRows _rows;
    private readonly Dictionary<string, int> _parkedSubjects;
    private readonly List<ParkedEvent> _parked = [];
    private JournalPosition _committed;
    private long _committedAt;

    private ProjectionPart(ProjectionServices services, Projection projection, string name, int partition, ProjectionPlace? place, IEnumerable<ParkedEvent> parked)
    {
        (_services, _projection, _name, _partition) = (services, projection, name, partition);
        (Position, _committed) = (place?.Position ?? JournalPosition.Start, place?.Position ?? JournalPosition.Start);
        RulesVersion = place?.RulesVersion ?? projection.RulesVersion;
        _rows = new ProjectionRows(services.Store, name, partition, RowsMax);
        _parkedSubjects = parked.CountBy(p => p.Subject).ToDictionary();
    }

    /// <summary>Which rules made the rows.</summary>
    public int RulesVersion { get; }

    /// <summary>What has been taken so far.</summary>
    public JournalPosition Position { get; private set; }

    /// <summary>Reads a partition of a projection, or of its replacement.</summary>
    public static async Task<ProjectionPart> LoadAsync(ProjectionServices services, Projection projection, string name, int partition)
    {
        ProjectionPlace? place = await services.Store.ReadPlaceAsync(name, partition, CancellationToken.None);
        return new ProjectionPart(services, projection, name, partition, place, await ReadParkedAsync(services, name, partition));
    }

    /// <summary>Events of a partition that are parked, oldest first.</summary>
    public static Task<IReadOnlyList<ParkedEvent>> ReadParkedAsync(ProjectionServices services, string name, int partition) =>
        services.Store.ReadParkedAsync(name, partition, ParkedMax, CancellationToken.None);

    /// <summary>Takes what commits tell; those that were taken before count no second time.</summary>
    public async Task TakeAsync(IReadOnlyList<JournalEntry> entries)
    {
        await _rows.PrepareAsync(entries.SelectMany(e => e.Item.Events).SelectMany(_projection.KeysOf));
        foreach ((JournalItem item, JournalPosition position) in entries)
        {
            if (position <= Position) continue;
            foreach (ShopEvent @event in item.Events) await TakeAsync(@event);
            if (!item.Events.IsEmpty) _services.Instruments.Took(_name, item.Events.Length, _services.Clock.GetUtcNow() - item.RecordedAt);
            Position = position;
        }

        _rows.Fold();
    }

    /// <summary>Commits what has been taken if enough has changed or enough time has gone by since the last time.</summary>
    public Task CommitIfDueAsync(TimeSpan every) =>
        Position != _committed && (_parked.Count > 0 || _rows.ChangedCount >= ChangedRowsMax || _services.Clock.GetElapsedTime(_committedAt) >= every) ? CommitAsync() : Task.CompletedTask;

    /// <summary>Commits rows and position together.</summary>
    public async Task CommitAsync(string? unparked = null)
    {
        if (Position == _committed && _rows.ChangedCount == 0 && unparked is null) return;
        await _services.Store.CommitAsync(
            new ProjectionCommit(_name, _partition, RulesVersion, _committed, Position) { Rows = _rows.Changes(), Parked = [.. _parked], Unparked = unparked }, CancellationToken.None);
        _committed = Position;
        _committedAt = _services.Clock.GetTimestamp();
        _parked.Clear();
        _rows.Committed();
    }

    /// <summary>Takes a parked event in, and commits that.</summary>
    public async Task UnparkAsync(ParkedEvent parked)
    {
        await _projection.Apply(System.Text.Json.JsonSerializer.Deserialize(parked.Event, ShopEventJson.Default.ShopEvent)!, _rows);
        await CommitAsync(parked.EventId);
        if (--_parkedSubjects[parked.Subject] == 0) _parkedSubjects.Remove(parked.Subject);
    }

    /// <summary>Removes rows for another reason than an event, and commits that.</summary>
    public async Task RemoveAsync<T>(IEnumerable<string> keys, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        foreach (string key in keys) await _rows.RemoveAsync(key, type);
        await CommitAsync();
    }

    private async Task TakeAsync(ShopEvent @event)
    {
        if (_parkedSubjects.Count > 0 && _parkedSubjects.ContainsKey(@event.Subject))
        {
            Park(@event, "An earlier event of the same key is parked.");
        }
        else if (_services.Failures.WhyParked(_name, @event.EventId) is { } error)
        {
            Park(@event, error);
        }
        else
        {
            try
            {
                await _projection.Apply(@event, _rows);
            }
            catch (Exception e) when (e is not (OutOfMemoryException or ProjectionUnavailableException))
            {
                // Half of it may be in the rows now. The rows are read again without it, and it has another try.
                _services.Failures.Failed(_name, @event.EventId, e);
                ProjectionLog.Failed(_services.Log, e, _name, @event.EventId.ToString());
                throw;
            }
        }
    }

    private void Park(ShopEvent @event, string error)
    {
        if (_parkedSubjects.Values.Sum() >= ParkedMax) throw new InvalidOperationException($"{_name} has {ParkedMax} parked events in partition {_partition} and takes no more until they are looked at.");
        _parkedSubjects[@event.Subject] = _parkedSubjects.GetValueOrDefault(@event.Subject) + 1;
        _services.Instruments.Parked(_name);
        ProjectionLog.Parked(_services.Log, _name, @event.EventId.ToString());
        _parked.Add(new ParkedEvent(_name, _partition, @event.EventId.ToString(), @event.Subject, @event.ToJson(), error, _services.Clock.GetUtcNow()));
    }
}
