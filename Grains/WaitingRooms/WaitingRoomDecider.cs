namespace Shop.WaitingRooms;

/// <summary>The rules of waiting rooms. Pure.</summary>
public static class WaitingRoomDecider
{
    /// <summary>The most visitors that wait in a room.</summary>
    public const long WaitingMax = 1_000_000;

    // Admissions that nobody used are not saved up for longer, so that a crowd never gets in at once after a quiet hour.
    private static readonly TimeSpan CreditMax = TimeSpan.FromSeconds(1);

    /// <summary>The settings are set.</summary>
    public static ImmutableArray<WaitingRoomEvent> Set(WaitingRoomState state, RoomSettings settings, DateTimeOffset now) =>
        state.Settings == settings ? [] : [.. Admit(state, now), new WaitingRoomEvent.SettingsChanged(settings, now)];

    /// <summary>The visitor gets the next number, unless it has one that is not over.</summary>
    public static ImmutableArray<WaitingRoomEvent> Join(WaitingRoomState state, string visitor, DateTimeOffset now)
    {
        bool open = state.Settings is not null && state.Issued - state.Admitted < WaitingMax;
        return open && NumberOf(state, visitor, now) is null ? [new WaitingRoomEvent.Joined(visitor, now)] : [];
    }

    /// <summary>The number of a visitor that is waiting or may buy.</summary>
    public static long? NumberOf(WaitingRoomState state, string visitor, DateTimeOffset now) =>
        state.Settings is not null && state.Numbers.TryGetValue(visitor, out long number) && number > state.ExpiredAt(now) ? number : null;

    /// <summary>Those whose turn it is are admitted.</summary>
    public static ImmutableArray<WaitingRoomEvent> Admit(WaitingRoomState state, DateTimeOffset now)
    {
        long waiting = state.Issued - state.Admitted;
        if (state.Settings is not { AdmittedPerSecond: > 0 and var perSecond } settings || waiting == 0) return [];
        DateTimeOffset since = settings.OpensAt is { } opens && opens > state.AdmittedAt ? opens : state.AdmittedAt;
        TimeSpan longest = TimeSpan.FromSeconds(Math.Max(CreditMax.TotalSeconds, 1 / perSecond));
        if (now - since > longest) since = now - longest;
        long turn = (long)Math.Floor(((now - since).TotalSeconds * perSecond) + 1e-6);
        if (turn < 1) return [];
        // The rest of the time counts for the next ones, so that the rate holds exactly.
        return turn >= waiting
            ? [new WaitingRoomEvent.Admitted(state.Issued, now)]
            : [new WaitingRoomEvent.Admitted(state.Admitted + turn, since + TimeSpan.FromSeconds(turn / perSecond))];
    }
}
