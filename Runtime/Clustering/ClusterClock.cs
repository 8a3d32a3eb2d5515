using System.Diagnostics;

namespace Orleans.Clustering;

/// <summary>
/// The time of the cluster: that of its database when it was last asked, and what has gone by since on the monotonic clock. The
/// machine's own clock may be wrong or be set without any grain seeing it. It never goes back.
/// </summary>
internal sealed class ClusterClock : TimeProvider
{
    private Reading? _reading;
    private long _latest;

    public override DateTimeOffset GetUtcNow()
    {
        Reading? reading = Volatile.Read(ref _reading);
        long now = reading is null ? System.GetUtcNow().UtcTicks : reading.UtcTicks + Stopwatch.GetElapsedTime(reading.Timestamp).Ticks;
        if (reading is null) return new DateTimeOffset(now, TimeSpan.Zero);
        long latest = Volatile.Read(ref _latest);
        while (now > latest)
        {
            long seen = Interlocked.CompareExchange(ref _latest, now, latest);
            if (seen == latest) return new DateTimeOffset(now, TimeSpan.Zero);
            latest = seen;
        }

        return new DateTimeOffset(latest, TimeSpan.Zero);
    }

    /// <summary>The database said this time, between the two moments of the monotonic clock.</summary>
    public void Synchronize(DateTimeOffset time, long asked, long answered) =>
        Volatile.Write(ref _reading, new Reading(time.UtcTicks, asked + ((answered - asked) / 2)));

    private sealed record Reading(long UtcTicks, long Timestamp);
}
