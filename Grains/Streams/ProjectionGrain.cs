using Orleans.Streams;
using Orleans.Streams.Core;
using Shop.Events;

namespace Shop.Streams;

/// <summary>What operators ask of a consumer. Its key is the number of its partition.</summary>
public interface IProjectionGrain : IGrainWithStringKey
{
    /// <summary>Tries the parked events of the partition again, in their order; how many are left.</summary>
    Task<int> Replay();

    /// <summary>Starts over: what is known is read again.</summary>
    Task Reload();
}

/// <summary>
/// A consumer of one partition of the journal. Its rules turn events into rows; rows and position are committed together, so
/// that each event counts exactly once whatever crashes. An event that the rules cannot take is parked, and so are later ones
/// of the same key, which would otherwise come out of order; other keys go on.
/// </summary>
public abstract class ProjectionGrain(ProjectionServices services) : Grain, IProjectionGrain, IStreamSubscriptionObserver, IAsyncBatchObserver<JournalItem>
{
    private const int ParkedMax = 10_000;
    private const int RowsMax = 5_000;

    // What comes soon after a commit waits for the next: rows that change often are written only so often.
    private static readonly TimeSpan CommitEvery = TimeSpan.FromMilliseconds(250);

    // Readers of a consumer that is behind see old figures anyway; the fewer commits, the sooner it has caught up.
    private static readonly TimeSpan CommitEveryWhenBehind = TimeSpan.FromSeconds(2), Behind = TimeSpan.FromSeconds(1);
    private const int ChangedRowsMax = 5_000;

    private JournalPosition _position;
    private JournalPosition _committed;
    private ProjectionRows? _rows;
    private bool _isSubscribed;
    private long _committedAt;
    private bool _isBehind;
    private Dictionary<string, int> _parkedSubjects = [];

    private bool IsDue => services.Clock.GetElapsedTime(_committedAt) >= (_isBehind ? CommitEveryWhenBehind : CommitEvery);

    /// <summary>The name under which the projection is kept. A projection with other rules has another name, and so starts from the beginning.</summary>
    protected abstract string Name { get; }

    /// <summary>What the silo offers.</summary>
    protected ProjectionServices Services => services;

    /// <summary>The partition.</summary>
    protected int Partition => int.Parse(this.GetPrimaryKeyString(), System.Globalization.CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public async Task OnSubscribed(IStreamSubscriptionHandleFactory handleFactory)
    {
        await LoadAsync();
        _isSubscribed = true;
        await handleFactory.Create<JournalItem>().ResumeAsync(this, new JournalToken(_position));
    }

    /// <inheritdoc/>
    public async Task OnNextAsync(IList<SequentialItem<JournalItem>> items)
    {
        await services.Work.WaitAsync();
        try
        {
            // What was in memory is gone, and these items may not be the next ones after what the store has.
            if (!_isSubscribed) throw new InvalidOperationException($"{Name} has to be asked again where it stands.");
            await TakeAsync(items);
        }
        catch
        {
            // Some of the items may be half in memory: nothing of it may be committed.
            Forget();
            throw;
        }
        finally
        {
            services.Work.Release();
        }
    }

    /// <inheritdoc/>
    public Task OnErrorAsync(Exception ex) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task<int> Replay()
    {
        if (_rows is null) await LoadAsync();
        IReadOnlyList<ParkedEvent> waiting = [.. (await services.Store.ReadParkedAsync(Name, ParkedMax, CancellationToken.None)).Where(p => p.Partition == Partition)];
        HashSet<string> stuck = [];
        List<string> done = [];
        foreach (ParkedEvent parked in waiting)
        {
            if (stuck.Contains(parked.Subject)) continue;
            try
            {
                await ApplyAsync(System.Text.Json.JsonSerializer.Deserialize(parked.Event, ShopEventJson.Default.ShopEvent)!, _rows!);
                done.Add(parked.EventId);
            }
            catch (Exception e) when (e is not (OutOfMemoryException or ProjectionUnavailableException))
            {
                ProjectionLog.Parked(services.Log, e, Name, parked.EventId);
                stuck.Add(parked.Subject);
            }
            catch
            {
                Forget();
                throw;
            }
        }

        if (done.Count > 0) await CommitAsync([], done);
        _parkedSubjects = Subjects(waiting.Where(p => !done.Contains(p.EventId)));
        return waiting.Count - done.Count;
    }

    /// <inheritdoc/>
    public Task Reload()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.RegisterGrainTimer(_ => KeepAsync(), new GrainTimerCreationOptions(CommitEvery, CommitEvery));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        _rows is not null && _position != _committed ? CommitAsync([], []) : Task.CompletedTask;

    /// <summary>The rules: what the event does to the rows. It fails only when the event makes no sense to them.</summary>
    protected abstract ValueTask ApplyAsync(ShopEvent @event, ProjectionRows rows);

    /// <summary>Keys that the rules will ask for, if that is easily told; they are read together.</summary>
    protected virtual IEnumerable<string> KeysOf(ShopEvent @event) => [];

    /// <summary>Removes rows for another reason than an event.</summary>
    protected async Task RemoveAsync<T>(IEnumerable<string> keys, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        if (_rows is null) await LoadAsync();
        foreach (string key in keys) await _rows!.RemoveAsync(key, type);
        await CommitAsync([], []);
    }

    private async Task TakeAsync(IList<SequentialItem<JournalItem>> items)
    {
        List<ParkedEvent> parked = [];
        await _rows!.PrepareAsync(items.SelectMany(i => i.Item.Events).SelectMany(KeysOf));
        foreach (SequentialItem<JournalItem> item in items)
        {
            var token = (JournalToken)item.Token;
            if (token.Position <= _position) continue;
            foreach (ShopEvent @event in item.Item.Events) await TakeAsync(@event, parked);
            if (!item.Item.Events.IsEmpty) services.Instruments.Took(Name, item.Item.Events.Length, services.Clock.GetUtcNow() - item.Item.RecordedAt);
            _position = token.Position;
        }

        _isBehind = services.Clock.GetUtcNow() - items[^1].Item.RecordedAt > Behind;
        if (parked.Count > 0 || _rows.ChangedCount >= ChangedRowsMax || (_rows.ChangedCount > 0 && IsDue)) await CommitAsync(parked, []);
    }

    private void Forget() => (_rows, _isSubscribed) = (null, false);

    private Task KeepAsync() => _rows is not null && _position != _committed && IsDue ? CommitAsync([], []) : Task.CompletedTask;

    private async Task LoadAsync()
    {
        // All or nothing: rows and position that do not belong together must never be committed together.
        Forget();
        JournalPosition position = await services.Store.ReadPositionAsync(Name, Partition, CancellationToken.None);
        _parkedSubjects = Subjects((await services.Store.ReadParkedAsync(Name, ParkedMax, CancellationToken.None)).Where(p => p.Partition == Partition));
        (_position, _committed, _rows) = (position, position, new ProjectionRows(services.Store, Name, Partition, RowsMax));
    }

    private async Task TakeAsync(ShopEvent @event, List<ParkedEvent> parked)
    {
        if (_parkedSubjects.Count > 0 && _parkedSubjects.ContainsKey(@event.Subject))
        {
            Park(@event, "An earlier event of the same key is parked.", parked);
            return;
        }

        try
        {
            await ApplyAsync(@event, _rows!);
        }
        catch (Exception e) when (e is not (OutOfMemoryException or ProjectionUnavailableException))
        {
            ProjectionLog.Parked(services.Log, e, Name, @event.EventId);
            Park(@event, $"{e.GetType().Name}: {e.Message}", parked);
        }
    }

    private void Park(ShopEvent @event, string error, List<ParkedEvent> parked)
    {
        int count = _parkedSubjects.GetValueOrDefault(@event.Subject) + 1;
        if (_parkedSubjects.Values.Sum() >= ParkedMax) throw new InvalidOperationException($"{Name} has {ParkedMax} parked events in partition {Partition} and takes no more until they are looked at.");
        _parkedSubjects[@event.Subject] = count;
        services.Instruments.Parked(Name);
        parked.Add(new ParkedEvent(Name, Partition, @event.EventId, @event.Subject, @event.ToJson(), error, services.Clock.GetUtcNow()));
    }

    private async Task CommitAsync(IReadOnlyCollection<ParkedEvent> parked, IReadOnlyCollection<string> unparked)
    {
        try
        {
            await services.Store.CommitAsync(Name, Partition, _committed, _position, _rows!.Changes(), parked, unparked, CancellationToken.None);
        }
        catch
        {
            // Memory is ahead of the store: what is there is read again before anything else is taken.
            Forget();
            DeactivateOnIdle();
            throw;
        }

        _committed = _position;
        _committedAt = services.Clock.GetTimestamp();
        _rows.Committed();
    }

    private static Dictionary<string, int> Subjects(IEnumerable<ParkedEvent> parked) => parked.CountBy(p => p.Subject).ToDictionary();
}
