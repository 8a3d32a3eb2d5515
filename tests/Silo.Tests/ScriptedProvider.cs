using System.Collections.Concurrent;
using Shop.Payments;

namespace Shop.Silo.Tests;

/// <summary>Approves everything, and says what it was asked to take and to give back.</summary>
internal sealed class ScriptedProvider : IPaymentProvider
{
    private readonly TaskCompletionSource _captured = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public StillStopwatch Clock { get; } = new();

    public bool CaptureFails { get; set; }

    public Func<Task> OnAuthorise { get; set; } = () => Task.CompletedTask;

    public Task Captured => _captured.Task;

    public List<(string Payment, Money Amount)> Refunds { get; } = [];

    public async Task<ProviderAnswer> Authorise(string paymentId, Money amount, string method, string token, CancellationToken cancellation)
    {
        await OnAuthorise();
        return new ProviderAnswer.Approved("ref");
    }

    public Task<ProviderAnswer> Query(string paymentId, string token, CancellationToken cancellation) => Task.FromResult<ProviderAnswer>(new ProviderAnswer.Approved("ref"));

    public Task Capture(string paymentId, string providerReference, Money amount, CancellationToken cancellation)
    {
        if (CaptureFails) throw new IOException("The provider did not answer.");
        _captured.TrySetResult();
        return Task.CompletedTask;
    }

    public Task Void(string paymentId, CancellationToken cancellation) => Task.CompletedTask;

    public Task Refund(string paymentId, string refundId, Money amount, CancellationToken cancellation)
    {
        Refunds.Add((paymentId, amount));
        return Task.CompletedTask;
    }
}

/// <summary>What is measured between two moments takes as long as the test says, however slow the machine is; timers go as always, and are noted.</summary>
internal sealed class StillStopwatch : TimeProvider
{
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _ticks);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

    /// <summary>The timers that were made, with what they were to wait for.</summary>
    public ConcurrentQueue<NotedTimer> Timers { get; } = [];

    /// <summary>Timers that are to wait for so long do not fire.</summary>
    public TimeSpan? Endless { get; set; }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new NotedTimer(base.CreateTimer(callback, state, dueTime == Endless ? Timeout.InfiniteTimeSpan : dueTime, period), dueTime);
        Timers.Enqueue(timer);
        return timer;
    }
}

/// <summary>A timer of which one can see whether somebody still has it.</summary>
internal sealed class NotedTimer(ITimer inner, TimeSpan due) : ITimer
{
    private volatile bool _isDisposed;

    public TimeSpan Due => due;

    public bool IsDisposed => _isDisposed;

    public bool Change(TimeSpan dueTime, TimeSpan period) => inner.Change(dueTime, period);

    public void Dispose()
    {
        _isDisposed = true;
        inner.Dispose();
    }

    public ValueTask DisposeAsync()
    {
        _isDisposed = true;
        return inner.DisposeAsync();
    }
}
