namespace Shop.Streams;

/// <summary>
/// Has consumers rest while more comes to the shop than it can carry: what they would take of the processors is what orders need then, and they catch up
/// when the crowd is gone.
/// </summary>
public sealed class CrowdWatch(TimeProvider clock)
{
    /// <summary>For every moment of work a consumer rests so many, in a crowd.</summary>
    public const int RestsPerWork = 4;

    /// <summary>A consumer that is farther behind than this does not rest: figures need not be of now, but they must not be of another time.</summary>
    public static readonly TimeSpan BehindAtMost = TimeSpan.FromMinutes(2);

    // A gateway says it with every order while it lasts.
    private static readonly TimeSpan Lasts = TimeSpan.FromSeconds(2), RestAtMost = TimeSpan.FromSeconds(1);
    private long _seenAt = long.MinValue;

    /// <summary>Whether a gateway has to send visitors away.</summary>
    public bool IsHere => Volatile.Read(ref _seenAt) is var at && at != long.MinValue && clock.GetElapsedTime(at) < Lasts;

    /// <summary>Takes note of what the caller of a grain says.</summary>
    public void Listen()
    {
        if (Crowd.IsAnnounced) Volatile.Write(ref _seenAt, clock.GetTimestamp());
    }

    /// <summary>How long a consumer rests that has worked for a while and is so far behind.</summary>
    public TimeSpan RestAfter(TimeSpan worked, TimeSpan behind) =>
        !IsHere || behind > BehindAtMost ? TimeSpan.Zero : TimeSpan.FromTicks(Math.Min(worked.Ticks * RestsPerWork, RestAtMost.Ticks));
}
