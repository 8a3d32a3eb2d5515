namespace Shop.Testing;

/// <summary>A clock that goes as any does, and that a test sets forward. Timers do not notice.</summary>
public sealed class ShiftedClock : TimeProvider
{
    private long _shift;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddTicks(Volatile.Read(ref _shift));

    public override long GetTimestamp() => System.GetTimestamp() + (long)(Volatile.Read(ref _shift) * (double)TimestampFrequency / TimeSpan.TicksPerSecond);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _shift, by.Ticks);
}
