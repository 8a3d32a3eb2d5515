using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.Activations;

/// <summary>A timer whose ticks are turns of its activation and never overlap.</summary>
internal sealed class GrainTimer : IGrainTimer
{
    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly GrainTimerCreationOptions _options;
    private readonly CancellationTokenSource _disposed = new();
    private readonly ITimer _timer;
    private TimeSpan _period;

    public GrainTimer(Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options, TimeProvider clock)
    {
        _activation = activation;
        _callback = callback;
        _options = options;
        _period = options.Period;
        using (ExecutionContext.SuppressFlow())
            _timer = clock.CreateTimer(static state => ((GrainTimer)state!).Tick(), this, options.DueTime, Timeout.InfiniteTimeSpan);
    }

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        _period = period;
        _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        if (_disposed.IsCancellationRequested) return;
        _disposed.Cancel();
        _timer.Dispose();
        _activation.RemoveTimer(this);
    }

    private void Tick()
    {
        if (_disposed.IsCancellationRequested) return;
        _activation.Enqueue(new InternalRequest("timer", () => _callback(_disposed.Token), Ended, _options.Interleave, _options.KeepAlive)
        {
            Activation = _activation,
        });
    }

    private void Ended(Exception? error)
    {
        if (error is not null && !_disposed.IsCancellationRequested) RuntimeLog.TimerFailed(_activation.Silo.Log, error, _activation.GrainId);
        if (!_disposed.IsCancellationRequested && _period != Timeout.InfiniteTimeSpan) _timer.Change(_period, Timeout.InfiniteTimeSpan);
    }
}
