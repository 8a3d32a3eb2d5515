using Orleans.Streams;
using Orleans.Streams.Core;
using Shop.Events;

namespace Shop.Streams;

/// <summary>What operators ask of a consumer. Its key is the number of its partition.</summary>
public interface IProjectionGrain : IGrainWithStringKey
{
    /// <summary>Tries the parked events of the partition again, in their order; how many are left.</summary>
    Task<int> Replay();

    /// <summary>Makes the rows again from the start of the journal, beside those that readers see until the new ones are complete.</summary>
    Task Rebuild();
}

/// <summary>
/// A consumer of one partition of the journal. Its rules turn events into rows; rows and position are committed together, so
/// that each event counts exactly once whatever crashes. An event that keeps failing is parked, and so are later ones of the
/// same key, which would otherwise come out of order; other keys go on.
/// </summary>
public abstract class ProjectionGrain(ProjectionServices services, Projection projection) : Grain, IProjectionGrain, IStreamSubscriptionObserver, IAsyncBatchObserver<JournalItem>
{
    private const int PageCommitsMax = 500;

    // What is delivered is what has gathered for about a second, and is committed at once, so that its rows do not stay in memory. What comes sooner after a
    // commit waits for the next.
    private static readonly TimeSpan CommitEvery = TimeSpan.FromMilliseconds(400), KeepEvery = TimeSpan.FromSeconds(1);

    // Readers of a consumer that is behind see old figures anyway; the fewer commits, the sooner it has caught up.
    private static readonly TimeSpan CommitEveryWhenBehind = TimeSpan.FromSeconds(2), Behind = TimeSpan.FromSeconds(1);

    // What a rebuild takes of the grain's time at once; events that come in meanwhile wait for it.
    private static readonly TimeSpan RebuildStep = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan RestAfterFailure = TimeSpan.FromSeconds(2);

    private ProjectionPart? _serving;
    private ProjectionPart? _replacement;

    // The end of what was delivered: what comes next begins there, whatever has become of what came before.
    private JournalPosition? _delivered;
    private TimeSpan _behind;
    private long _failedAt = long.MinValue / 2;

    /// <summary>What the silo offers.</summary>
    protected ProjectionServices Services => services;

    /// <summary>The name under which the rows are kept.</summary>
    protected string Name => projection.Name;

    /// <summary>The partition.</summary>
    protected int Partition => int.Parse(this.GetPrimaryKeyString(), System.Globalization.CultureInfo.InvariantCulture);

    private TimeSpan CommitInterval => _behind > Behind ? CommitEveryWhenBehind : CommitEvery;

    // Rows of other rules are left as they are until there are new ones.
    private bool IsFrozen => _serving!.RulesVersion != projection.RulesVersion;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // Consumers of all partitions begin together; if they kept the same time, everybody else would wait for them every time.
        this.RegisterGrainTimer(_ => KeepAsync(), new GrainTimerCreationOptions(KeepEvery * Random.Shared.NextDouble(), KeepEvery) { KeepAlive = true });
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_serving is not null) await _serving.CommitAsync();
        if (_replacement is not null) await _replacement.CommitAsync();
    }

    /// <inheritdoc/>
    public Task OnSubscribed(IStreamSubscriptionHandleFactory handleFactory) => WorkAsync(async () =>
    {
        ProjectionPart serving = await LoadAsync();
        await handleFactory.Create<JournalItem>().ResumeAsync(this, new JournalToken(serving.Position));
        _delivered = serving.Position;
    });

    /// <inheritdoc/>
    public Task OnNextAsync(IList<SequentialItem<JournalItem>> items) =>
        // Many deliveries wait for their turn of the silo; they need not have three objects for each commit meanwhile.
        DeliverAsync([.. items.Select(i => new JournalEntry(i.Item, ((JournalToken)i.Token).Position))]);

    /// <inheritdoc/>
    public Task OnErrorAsync(Exception ex) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task<int> Replay()
    {
        int left = 0;
        await WorkAsync(async () =>
        {
            HashSet<string> stuck = [];
            foreach (ParkedEvent parked in await ProjectionPart.ReadParkedAsync(services, Name, Partition))
            {
                if (!stuck.Contains(parked.Subject) && await TryUnparkAsync(parked)) continue;
                stuck.Add(parked.Subject);
                left++;
            }
        });
        return left;
    }

    /// <inheritdoc/>
    public Task Rebuild() => WorkAsync(async () =>
    {
        ProjectionPart serving = await LoadAsync();
        if (serving.RulesVersion > projection.RulesVersion) throw new InvalidOperationException($"{Name} has rows of newer software, which alone can make them again.");
        if (_replacement is null) await StartRebuildAsync();
    });

    /// <summary>Removes rows for another reason than an event.</summary>
    protected Task RemoveAsync<T>(IEnumerable<string> keys, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class => WorkAsync(async () => await (await LoadAsync()).RemoveAsync(keys, type));

    private async Task DeliverAsync(JournalEntry[] entries)
    {
        // When it fails the same commits come again; what was in memory before them does not, it is read from the journal.
        await WorkAsync(() => TakeAsync(entries));
        _delivered = entries[^1].Position;
    }

    private async Task TakeAsync(JournalEntry[] entries)
    {
        ProjectionPart serving = await LoadAsync();
        if (IsFrozen) return;
        await CatchUpAsync(serving);
        await serving.TakeAsync(entries);
        _behind = services.Clock.GetUtcNow() - entries[^1].Item.RecordedAt;
        await serving.CommitIfDueAsync(CommitInterval);
    }

    // What was delivered and then lost, because something failed before it was committed. Streams only go forward.
    private async Task CatchUpAsync(ProjectionPart serving)
    {
        while (serving.Position < _delivered)
        {
            IReadOnlyList<PositionedCommit> page = await services.Journal.ReadPartitionAsync(Partition, serving.Position, PageCommitsMax, CancellationToken.None);
            if (page.Count == 0) throw new InvalidOperationException($"{Name} was delivered what the journal does not have in partition {Partition}.");
            await serving.TakeAsync(EntriesOf(page));
            await serving.CommitIfDueAsync(CommitEveryWhenBehind);
        }
    }

    private static JournalEntry[] EntriesOf(IEnumerable<PositionedCommit> commits) => [.. commits.Select(c => new JournalEntry(JournalItem.Of(c.Commit), c.Position))];

    // Whatever fails, something may be half in memory: nothing of it may be committed.
    private async Task WorkAsync(Func<Task> work)
    {
        await services.Work.WaitAsync();
        try
        {
            long began = services.Clock.GetTimestamp();
            await work();
            // The others wait as well: it is the silo that rests.
            if (services.Crowd.RestAfter(services.Clock.GetElapsedTime(began), _behind) is { Ticks: > 0 } rest) await Task.Delay(rest, services.Clock);
        }
        catch
        {
            Forget();
            throw;
        }
        finally
        {
            services.Work.Release();
        }
    }

    private void Forget() => (_serving, _replacement) = (null, null);

    private async Task<ProjectionPart> LoadAsync()
    {
        if (_serving is not null) return _serving;
        ProjectionPart serving = await ProjectionPart.LoadAsync(services, projection, Name, Partition);
        ProjectionPlace? rebuilt = await services.Store.ReadPlaceAsync(projection.Replacement, Partition, CancellationToken.None);
        _serving = serving;
        // An older version of the software leaves the rebuilding to the newer.
        if (rebuilt?.RulesVersion == projection.RulesVersion) _replacement = await ProjectionPart.LoadAsync(services, projection, projection.Replacement, Partition);
        else if ((rebuilt?.RulesVersion ?? serving.RulesVersion) < projection.RulesVersion) await StartRebuildAsync();
        return serving;
    }

    private async Task StartRebuildAsync()
    {
        await services.Store.DropAsync(projection.Replacement, Partition, CancellationToken.None);
        await services.Store.CommitAsync(
            new ProjectionCommit(projection.Replacement, Partition, projection.RulesVersion, JournalPosition.Start, JournalPosition.Start), CancellationToken.None);
        _replacement = await ProjectionPart.LoadAsync(services, projection, projection.Replacement, Partition);
        ProjectionLog.Rebuilding(services.Log, Name, Partition);
    }

    private async Task KeepAsync()
    {
        if (services.Clock.GetElapsedTime(_failedAt) < RestAfterFailure) return;
        try
        {
            await WorkAsync(async () =>
            {
                ProjectionPart serving = await LoadAsync();
                if (!IsFrozen) await CatchUpAsync(serving);
                if (_replacement is not null) await RebuildAsync(serving, _replacement);
                else await serving.CommitIfDueAsync(CommitInterval);
            });
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _failedAt = services.Clock.GetTimestamp();
            ProjectionLog.Unkept(services.Log, e, Name, Partition);
        }
    }

    // Some pages of the journal at a time. When the replacement has what the rows in service have, it takes their place.
    private async Task RebuildAsync(ProjectionPart serving, ProjectionPart replacement)
    {
        long began = services.Clock.GetTimestamp();
        while (services.Clock.GetElapsedTime(began) < RebuildStep)
        {
            IReadOnlyList<PositionedCommit> page = await services.Journal.ReadPartitionAsync(Partition, replacement.Position, PageCommitsMax, CancellationToken.None);
            PositionedCommit[] wanted = [.. page.Where(c => IsFrozen || c.Position <= serving.Position)];
            await replacement.TakeAsync(EntriesOf(wanted));
            await replacement.CommitIfDueAsync(CommitEveryWhenBehind);
            // A page that is not full is the end of the journal, for now; what comes after it is delivered.
            if (page.Count == PageCommitsMax && wanted.Length == page.Count) continue;
            await serving.CommitAsync();
            await replacement.CommitAsync();
            await services.Store.ReplaceAsync(Name, Partition, serving.Position, projection.Replacement, replacement.Position, CancellationToken.None);
            ProjectionLog.Rebuilt(services.Log, Name, Partition);
            Forget();
            return;
        }

        await serving.CommitIfDueAsync(CommitInterval);
    }

    private async Task<bool> TryUnparkAsync(ParkedEvent parked)
    {
        ProjectionPart serving = await LoadAsync();
        if (IsFrozen) return false;
        // What comes next may fail, and then all is read again: nothing else must be lost with it.
        await serving.CommitAsync();
        try
        {
            await serving.UnparkAsync(parked);
            return true;
        }
        catch (Exception e) when (e is not (OutOfMemoryException or ProjectionUnavailableException or StaleProjectionException))
        {
            ProjectionLog.Failed(services.Log, e, Name, parked.EventId);
            Forget();
            return false;
        }
    }
}
