using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using Shop.Audit;

namespace Shop.Journaling;

/// <summary>A state that is made of events and nothing else: no clock, no I/O.</summary>
public interface IEventSourced<TSelf, TEvent>
{
    /// <summary>The state before the first event.</summary>
    static abstract TSelf Empty { get; }

    /// <summary>How state and events become JSON.</summary>
    static abstract JsonSerializerContext Json { get; }

    /// <summary>Whether the grain has to go on by itself, even if nobody calls it: an unfinished saga.</summary>
    bool HasWork => false;

    /// <summary>
    /// What <see cref="Events.JournalEvents"/> makes an event public of: null for nothing, the event, or what was told last of the same commit when the
    /// event was added to that.
    /// </summary>
    static virtual object? Tell(TEvent @event, object? last) => @event;

    /// <summary>The state after the event. The old one is not used any more.</summary>
    TSelf Apply(TEvent @event);

    /// <summary>Fails when the state is one that must never be.</summary>
    void AssertInvariants();

    /// <summary>The state as it is now, which does not change any more: itself, unless events change it in place.</summary>
    TSelf Freeze() => (TSelf)this;
}

/// <summary>What every event-sourced grain needs from the silo.</summary>
public sealed class JournalServices(
    IJournalStore store,
    JournalWriter writer,
    [FromKeyedServices(JournalServices.SnapshotStorage)] IGrainStorage snapshots,
    TimeProvider clock,
    ILogger<JournalServices> log)
{
    /// <summary>The storage that snapshots are kept in.</summary>
    public const string SnapshotStorage = "snapshots";

    internal IJournalStore Store => store;

    internal JournalWriter Writer => writer;

    internal IGrainStorage Snapshots => snapshots;

    internal TimeProvider Clock => clock;

    internal ILogger Log => log;
}

/// <summary>
/// The shell around a pure state machine. A turn decides, applies and hands its events to the writer; the answer waits until
/// they are durable while further turns run. Every such grain is reentrant, and its turns must not await between reading the
/// state and committing what they decided on it.
/// </summary>
public abstract class EventSourcedGrain<TState, TEvent>(JournalServices services) : Grain, IInspectableGrain
    where TState : class, IEventSourced<TState, TEvent>
{
    private const string SnapshotName = "snapshot";
    private const int ReadCommitsMax = 500;

    // What a grain that was not snapshot has at most to be read in one go; most grains never have more.
    private const int TailCommitsMax = 64;

    // What a snapshot may cost per event that made it due: less than a tenth of the event itself. A hot grain has no processor to spare for it; the price is
    // that more events may have to be read when the grain is activated.
    private const int BytesPerEvent = 16;

    private static readonly JsonTypeInfo<TState> StateJson = TypeInfo<TState>();
    private static readonly EventJson<TEvent> EventJson = new(TypeInfo<TEvent>());
    private static readonly JsonTypeInfo<TEvent[]> EventsJson = TypeInfo<TEvent[]>();
    private static readonly Func<TEvent, object?, object?> Tell = TState.Tell;

    private GrainJournal _journal = null!;
    private GrainState<GrainSnapshot>? _snapshot;
    private long _snapshotEvents;
    private long _snapshotVersion;
    private Task _snapshotting = Task.CompletedTask;
    private Task? _loading;

    /// <summary>The state with everything that was decided, durable or not.</summary>
    protected TState State { get; private set; } = TState.Empty;

    /// <summary>The number of events that made the state; the version that callers see.</summary>
    protected long Version { get; private set; }

    /// <summary>The time now.</summary>
    protected DateTimeOffset Now => services.Clock.GetUtcNow();

    /// <summary>What the silo offers.</summary>
    protected JournalServices Services => services;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        IGrainContext context = GrainContext;
        _journal = new GrainJournal(this.GetGrainId().ToString(), this.GetPrimaryKeyString(), services.Writer, error => context.Deactivate(
            new DeactivationReason(DeactivationReasonCode.ApplicationRequested, error, "The journal refused a commit.")));
        return LoadsLate ? Task.CompletedTask : LoadAsync(cancellationToken);
    }

    /// <summary>
    /// Whether the state is not read with the activation: for grains of which callers sometimes know that they are new. Each of
    /// their commands begins by waiting for <see cref="Loaded"/>.
    /// </summary>
    protected virtual bool LoadsLate => false;

    /// <summary>Completes when the state is what the journal has, which of a new grain need not be read. The journal refuses what is written of one that is not new.</summary>
    protected Task Loaded(bool isNew = false)
    {
        if (!LoadsLate) return Task.CompletedTask;
        if (_loading is null && isNew) (_journal.IsTakenForNew, _loading) = (true, Task.CompletedTask);
        return _loading ??= LoadLateAsync();
    }

    private async Task LoadLateAsync()
    {
        try
        {
            await LoadAsync(CancellationToken.None);
        }
        catch (Exception e)
        {
            _journal.Break(e);
            throw;
        }
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        string grainId = _journal.GrainId;
        IReadOnlyList<JournalCommit> tail = await services.Store.ReadTailAsync(grainId, TailCommitsMax, cancellationToken);
        long version = 0;
        if (tail.Count > 0 && tail[0].Version > 1)
        {
            // Older than its newest commits: a snapshot and what came after it.
            version = await LoadSnapshotAsync();
            while (version + 1 < tail[0].Version)
            {
                IReadOnlyList<JournalCommit> commits = await services.Store.ReadGrainAsync(grainId, version, ReadCommitsMax, cancellationToken);
                if (commits.Count == 0) throw new InvalidOperationException($"{grainId} has no commit {version + 1} before {tail[0].Version}.");
                version = Apply(commits, version);
            }
        }

        version = Apply(tail, version);
        State.AssertInvariants();
        _journal.Load(version, State.HasWork);
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        // The next activation begins with what this one has written.
        Task durable = _journal.Durable();
        await durable.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        await _snapshotting;
        if (!durable.IsCompletedSuccessfully || _journal.Error is not null || _journal.SealedVersion - _snapshotVersion < TailCommitsMax) return;
        await WriteSnapshotAsync(GrainSnapshot.Take(State, StateJson, _journal.SealedVersion, Version).Taken);
    }

    /// <inheritdoc/>
    public async Task<GrainInspection> Inspect()
    {
        await Loaded();
        (TState state, long version, long commits, bool hasWork) = (State.Freeze(), Version, _journal.SealedVersion, State.HasWork);
        await Durable();
        // Beside the grain and no farther than will be shown: a hot SKU has a hundred megabytes, and must not stop because somebody is curious.
        string? json = await Task.Run(() => BoundedJson.Of(state, StateJson, GrainInspection.BytesMax));
        return new GrainInspection(version, commits, hasWork, json);
    }

    /// <summary>Applies events and completes when they, and everything before them, are durable.</summary>
    /// <exception cref="JournalException">They are not.</exception>
    protected Task Commit(params ReadOnlySpan<TEvent> events) => events.IsEmpty ? Durable() : Append(events, later: false);

    /// <summary>
    /// Applies events that are written together with what comes next, or when somebody waits for <see cref="Durable"/>; for steps
    /// that a crash may have done again.
    /// </summary>
    protected void CommitLater(params ReadOnlySpan<TEvent> events)
    {
        if (!events.IsEmpty) _ = Append(events, later: true);
    }

    /// <summary>Hands to the writer what <see cref="CommitLater"/> keeps, and does not wait.</summary>
    protected void Flush() => _journal.Flush();

    private Task Append(ReadOnlySpan<TEvent> events, bool later)
    {
        _journal.ThrowIfUnavailable();
        SnapshotIfDue();
        try
        {
            foreach (TEvent @event in events) State = State.Apply(@event);
            State.AssertInvariants();
            Version += events.Length;
            Task durable = _journal.Append(events, State.HasWork, Tell, EventJson, later);
            return later ? durable : JournalTrace.Follow(durable, _journal.GrainId, events.Length);
        }
        catch (Exception e)
        {
            // Memory is ahead of the journal: this activation must not be used again.
            _journal.Break(e);
            throw;
        }
    }

    /// <summary>Completes when everything that was decided so far is durable; an answer that shows the state waits for it.</summary>
    /// <exception cref="JournalException">It will not be.</exception>
    protected Task Durable() => _journal.Error is { } error ? Task.FromException(error as JournalException ?? StaleActivationException.Of(_journal.GrainId)) : JournalTrace.Follow(_journal.Durable(), _journal.GrainId);

    private static JsonTypeInfo<T> TypeInfo<T>() => (JsonTypeInfo<T>?)TState.Json.GetTypeInfo(typeof(T))
        ?? throw new InvalidOperationException($"{TState.Json.GetType().Name} does not know {typeof(T)}.");

    private async Task<long> LoadSnapshotAsync()
    {
        if ((await ReadSnapshotAsync()).State is not { } known || known.Open(StateJson) is not { } state) return 0;
        State = state;
        (Version, _snapshotEvents, _snapshotVersion) = (known.EventCount, known.EventCount, known.CommitVersion);
        return known.CommitVersion;
    }

    private async Task<GrainState<GrainSnapshot>> ReadSnapshotAsync()
    {
        if (_snapshot is not null) return _snapshot;
        var state = new GrainState<GrainSnapshot> { State = new GrainSnapshot() };
        await services.Snapshots.ReadStateAsync(SnapshotName, this.GetGrainId(), state);
        return _snapshot = state;
    }

    // Commits that a snapshot has already are passed over.
    private long Apply(IReadOnlyList<JournalCommit> commits, long version)
    {
        foreach (JournalCommit commit in commits)
        {
            if (commit.Version <= version) continue;
            if (commit.Version != version + 1) throw new InvalidOperationException($"{commit.GrainId} has no commit {version + 1} before {commit.Version}.");
            foreach (TEvent @event in JsonSerializer.Deserialize(commit.Events.Span, EventsJson)!) State = State.Apply(@event);
            Version += commit.EventCount;
            version = commit.Version;
        }

        return version;
    }

    private void SnapshotIfDue()
    {
        if (Version - _snapshotEvents < services.Writer.Options.SnapshotEvents || !_snapshotting.IsCompleted || !_journal.IsSealed) return;
        _snapshotting = SnapshotAsync(State.Freeze(), _journal.SealedVersion, Version, _journal.Durable());
    }

    private async Task SnapshotAsync(TState frozen, long commitVersion, long eventCount, Task durable)
    {
        try
        {
            await durable;
        }
        catch (JournalException)
        {
            return;
        }

        // The state of a hot SKU is large. Making text of it is no reason for its buyers to wait, and it is written more rarely,
        // so that the cost per event stays small.
        (GrainSnapshot taken, long jsonLength) = await Task.Run(() => GrainSnapshot.Take(frozen, StateJson, commitVersion, eventCount));
        _snapshotEvents = eventCount + (jsonLength / BytesPerEvent);
        await WriteSnapshotAsync(taken);
    }

    // A snapshot only saves time: when it cannot be written, the journal still has everything.
    private async Task WriteSnapshotAsync(GrainSnapshot taken)
    {
        try
        {
            GrainState<GrainSnapshot> state = await ReadSnapshotAsync();
            state.State = taken;
            GrainId id = this.GetGrainId();
            await Task.Run(() => services.Snapshots.WriteStateAsync(SnapshotName, id, state));
            _snapshotVersion = taken.CommitVersion;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _snapshot = null;
            JournalLog.SnapshotFailed(services.Log, e, _journal.GrainId);
        }
    }
}
