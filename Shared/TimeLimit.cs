namespace Shop;

/// <summary>
/// A token that is cancelled after a time. Unlike the timer of a <see cref="CancellationTokenSource"/> it stands callbacks that throw, as those of a
/// database provider do when their connection breaks at that moment: from a timer that would end the process.
/// </summary>
internal sealed class TimeLimit : IDisposable
{
    // Not disposed: there is no timer and no wait handle in it, and a timer that is just firing may still cancel it.
    private readonly CancellationTokenSource _source = new();
    private readonly Timer _timer;
    private readonly CancellationTokenRegistration _outer;

    /// <summary>Starts to count; the token is also cancelled with the outer one.</summary>
    public TimeLimit(TimeSpan limit, CancellationToken outer = default)
    {
        _timer = new Timer(Cancel, _source, limit, Timeout.InfiniteTimeSpan);
        _outer = outer.UnsafeRegister(Cancel, _source);
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        _timer.Dispose();
        _outer.Dispose();
    }

    // What a callback throws stays in the task.
    private static void Cancel(object? source) => _ = ((CancellationTokenSource)source!).CancelAsync();
}
