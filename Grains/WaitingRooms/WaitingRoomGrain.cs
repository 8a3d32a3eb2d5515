namespace Shop.WaitingRooms;

/// <inheritdoc cref="IWaitingRoomGrain"/>
[Reentrant, GrainType("waiting-room")]
public sealed class WaitingRoomGrain(JournalServices services)
    : EventSourcedGrain<WaitingRoomState, WaitingRoomEvent>(services), IWaitingRoomGrain
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);
    private IGrainTimer? _timer;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        GoOn();
    }

    /// <inheritdoc/>
    public async Task<RoomProgress> Set(RoomSettings settings)
    {
        Task durable = Commit(WaitingRoomDecider.Set(State, settings, Now).AsSpan());
        GoOn();
        RoomProgress progress = Seen()!;
        await durable;
        return progress;
    }

    /// <inheritdoc/>
    public async Task<long?> Join(string visitor)
    {
        Task durable = Commit(WaitingRoomDecider.Join(State, visitor, Now).AsSpan());
        long? number = WaitingRoomDecider.NumberOf(State, visitor, Now);
        GoOn();
        await durable;
        return number;
    }

    /// <inheritdoc/>
    public async Task<RoomProgress?> Progress()
    {
        RoomProgress? progress = Seen();
        await Durable();
        return progress;
    }

    /// <inheritdoc/>
    public Task Close() => State.Settings is null ? Durable() : Commit(new WaitingRoomEvent.Closed(Now));

    private RoomProgress? Seen() => State.Settings is { } settings ? new RoomProgress(settings, State.Issued, State.Admitted, State.ExpiredAt(Now), Version) : null;

    // Runs while somebody waits.
    private void GoOn()
    {
        if (_timer is not null || State.Settings is null || State.Issued == State.Admitted) return;
        _timer = this.RegisterGrainTimer(Admit, new GrainTimerCreationOptions(TimeSpan.Zero, Tick) { Interleave = true, KeepAlive = true });
    }

    private Task Admit(CancellationToken cancellation)
    {
        Task durable = Commit(WaitingRoomDecider.Admit(State, Now).AsSpan());
        if (State.Settings is not null && State.Issued > State.Admitted) return durable;
        _timer?.Dispose();
        _timer = null;
        return durable;
    }
}
