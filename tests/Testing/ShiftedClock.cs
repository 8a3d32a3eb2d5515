namespace Shop.Testing;

/// <summary>A clock that goes as any does, and that a test sets forward. Timers, and what is measured between two moments, do not notice.</summary>
public sealed class ShiftedClock : TimeProvider
{
    private long _shift;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddTicks(Volatile.Read(ref _shift));

    public void Advance(TimeSpan by) => Interlocked.Add(ref _shift, by.Ticks);
}
