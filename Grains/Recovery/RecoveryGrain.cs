using Shop.Carts;
using Shop.Catalog;
using Shop.Feed;
using Shop.Orders;
using Shop.Streams;

namespace Shop.Recovery;

/// <summary>
/// Finds grains of one partition whose work was interrupted and has them go on. It reads the journal, in which every commit
/// says whether its grain has work left. Its key is the number of the partition.
/// </summary>
[Alias("Recovery")]
public interface IRecoveryGrain : IGrainWithStringKey, IRemindable
{
    /// <summary>Watches the partition from now on, also after a restart. Does nothing when it does so already.</summary>
    Task Watch();

    /// <summary>Looks now and resumes what is due; the number of grains that have work left.</summary>
    Task<int> Sweep();
}

/// <summary>How far the recovery of a partition has read, and what was open there.</summary>
public sealed class RecoveryState
{
    /// <summary>The place up to which the partition was read.</summary>
    public JournalPosition Position { get; set; }

    /// <summary>Grains with work left, and since when.</summary>
    public Dictionary<string, DateTimeOffset> Open { get; set; } = [];
}

/// <inheritdoc cref="IRecoveryGrain"/>
[Reentrant, GrainType("recovery"), CollectionAgeLimit(AlwaysActive = true)]
public sealed class RecoveryGrain(
    [PersistentState("progress", JournalServices.SnapshotStorage)] IPersistentState<RecoveryState> progress,
    IEventReader reader,
    JournalServices services) : Grain, IRecoveryGrain
{
    private const string ReminderName = "watch";
    private const int CommitsMax = 1_000;
    private const int UnsavedMax = 5_000;
    private const int ResumesAtOnceMax = 32;

    // What others have read is at hand for twice as long as this. They read every one and a half seconds at the latest; only when they read nothing for longer the store is asked.
    private static readonly TimeSpan TakeEvery = TimeSpan.FromSeconds(0.25), AskEvery = TimeSpan.FromSeconds(2), ResumeEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RestAfterFailureMax = TimeSpan.FromMinutes(1);

    // Work younger than this is most likely just under way.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, (DateTimeOffset NotBefore, int Attempts)> _tried = [];
    private IGrainTimer? _timer;
    private Task? _looking;
    private Task<int>? _resuming;
    private long _lookedAt;
    private long _resumedAt;
    private int _unsaved;
    private int _savesAfter = Random.Shared.Next(UnsavedMax / 2, UnsavedMax);

    private int Partition => int.Parse(this.GetPrimaryKeyString(), System.Globalization.CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public async Task Watch()
    {
        if (_timer is not null) return;
        await this.RegisterOrUpdateReminder(ReminderName, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
        StartTimer();
    }

    /// <inheritdoc/>
    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        StartTimer();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<int> Sweep()
    {
        await Look();
        return await Resume();
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => _unsaved > 0 ? SaveAsync() : Task.CompletedTask;

    private void StartTimer() => _timer ??= this.RegisterGrainTimer(Tick, new GrainTimerCreationOptions(TakeEvery * Random.Shared.NextDouble(), TakeEvery) { Interleave = true, KeepAlive = true });

    private async Task Tick(CancellationToken cancellation)
    {
        try
        {
            if (Take(reader.ReadAtHand(Partition, progress.State.Position, CommitsMax)) > 0) _lookedAt = services.Clock.GetTimestamp();
            if (services.Clock.GetElapsedTime(_lookedAt) >= AskEvery) await Look();
            if (services.Clock.GetElapsedTime(_resumedAt) >= ResumeEvery) await Resume();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            JournalLog.RecoveryFailed(services.Log, e, Partition);
        }
    }

    // Whoever comes while it looks, or has grains go on, waits for that.
    private Task Look() => _looking is { IsCompleted: false } ? _looking : _looking = LookAsync();

    private Task<int> Resume() => _resuming is { IsCompleted: false } ? _resuming : _resuming = ResumeDueAsync();

    private async Task<int> ResumeDueAsync()
    {
        _resumedAt = services.Clock.GetTimestamp();
        DateTimeOffset now = services.Clock.GetUtcNow();
        string[] due = [.. progress.State.Open
            .Where(o => now - o.Value >= Patience && (!_tried.TryGetValue(o.Key, out (DateTimeOffset NotBefore, int Attempts) t) || now >= t.NotBefore))
            .Select(o => o.Key)];
        foreach (string[] some in due.Chunk(ResumesAtOnceMax)) await Task.WhenAll(some.Select(ResumeAsync));
        // Partitions have about the same number of commits; they need not be saved at the same moment.
        if (_unsaved >= _savesAfter) await SaveAsync();
        return progress.State.Open.Count;
    }

    private async Task LookAsync()
    {
        _lookedAt = services.Clock.GetTimestamp();
        // What comes first may be what others have read; after that comes what the store has now.
        bool isFirst = true;
        bool isMore;
        do
        {
            IReadOnlyList<JournalEntry> items = await reader.ReadAsync(Partition, progress.State.Position, CommitsMax);
            Take(items);
            (isMore, isFirst) = (isFirst || items.Count == CommitsMax, false);
        }
        while (isMore);
    }

    // The number of those that are new.
    private int Take(IReadOnlyList<JournalEntry> items)
    {
        RecoveryState state = progress.State;
        int taken = 0;
        foreach ((JournalItem item, JournalPosition position) in items)
        {
            // While the store was asked, what others had read may have been taken already.
            if (position <= state.Position) continue;
            state.Position = position;
            _tried.Remove(item.GrainId);
            if (item.HasWork) state.Open[item.GrainId] = item.RecordedAt;
            else state.Open.Remove(item.GrainId);
            taken++;
        }

        _unsaved += taken;
        return taken;
    }

    private async Task ResumeAsync(string grainId)
    {
        int attempts = _tried.TryGetValue(grainId, out (DateTimeOffset NotBefore, int Attempts) tried) ? tried.Attempts : 0;
        TimeSpan rest = TimeSpan.FromSeconds(Math.Min(RestAfterFailureMax.TotalSeconds, 2 << Math.Min(attempts, 6)));
        _tried[grainId] = (services.Clock.GetUtcNow() + rest, attempts + 1);
        try
        {
            GrainId id = GrainId.Parse(grainId);
            string key = id.Key.ToString()!;
            await (id.Type.ToString() switch
            {
                "order" => GrainFactory.GetGrain<IOrderGrain>(key).Resume(),
                "cart" => GrainFactory.GetGrain<ICartGrain>(key).Resume(),
                "product" => GrainFactory.GetGrain<IProductGrain>(key).Resume(),
                string type => throw new InvalidOperationException($"Nobody knows how to resume a {type}."),
            });
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            JournalLog.ResumeFailed(services.Log, e, grainId);
        }
    }

    private async Task SaveAsync()
    {
        _unsaved = 0;
        await progress.WriteStateAsync();
    }
}
