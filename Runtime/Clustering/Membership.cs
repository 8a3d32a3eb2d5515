using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Shop;

namespace Orleans.Clustering;

/// <summary>
/// Follows the views of the cluster and, for a silo, keeps its place in it. A silo serves while its lease holds by its own
/// monotonic clock, counted from before the renewal was sent, so that it stops before others may think that it has. It does so
/// on a thread of its own: in a process with more work than threads a lease would be lost in the queue.
/// </summary>
internal sealed class Membership(IMembershipTable table, ClusterMembershipOptions options, ILogger log) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly AutoResetEvent _wakening = new(false);
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private (string Name, string Host, int Port)? _silo;
    private volatile ClusterView _view = ClusterView.None;
    private volatile ClusterMember? _self;
    private long _leaseUntil;
    private volatile bool _isLeaving;
    private Task _loop = Task.CompletedTask;

    /// <summary>A later view is known. Called one view at a time.</summary>
    public event Action<ClusterView>? ViewChanged;

    /// <summary>The lease is lost: whatever this silo owned is somebody else's now. It does not join again before this was dealt with.</summary>
    public event Action? Fenced;

    public ClusterView View => _view;

    /// <summary>This silo; null for a client, and while its lease is lost.</summary>
    public ClusterMember? Self => _self is { } self && Stopwatch.GetTimestamp() < Volatile.Read(ref _leaseUntil) ? self : null;

    /// <summary>How long after a view was made every silo that still serves must know it.</summary>
    public TimeSpan Lease => options.LeaseDuration;

    /// <summary>Enters the cluster as a silo; tries until it succeeds or is cancelled.</summary>
    public Task JoinAsync(string name, string host, int port, CancellationToken cancellation)
    {
        _silo = (name, host, port);
        return FollowAsync(cancellation);
    }

    /// <summary>Reads views from now on, as a client; the first one may be empty.</summary>
    public Task WatchAsync(CancellationToken cancellation) => FollowAsync(cancellation);

    /// <summary>Owns nothing from the next view on.</summary>
    public async Task BeginLeaveAsync(CancellationToken cancellation)
    {
        _isLeaving = true;
        if (_self is { } self) Publish(await Task.Run(() => table.BeginLeave(self), cancellation));
    }

    /// <summary>Is gone.</summary>
    public async Task LeaveAsync(CancellationToken cancellation)
    {
        ClusterMember? self = _self;
        await DisposeAsync();
        if (self is not null) await Task.Run(() => table.Leave(self), cancellation);
    }

    /// <summary>Looks at the table as soon as possible, because something was met that the view does not explain.</summary>
    public void RefreshSoon() => _wakening.Set();

    /// <summary>The view, once it is at least this one.</summary>
    public async Task<ClusterView> AtLeastAsync(long number, CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_view.Number >= number) return _view;
                changed = _changed.Task;
            }

            RefreshSoon();
            await changed.WaitAsync(cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        RefreshSoon();
        await _loop;
    }

    /// <summary>As if the process had died: the lease runs out, nobody is told.</summary>
    internal async Task AbandonAsync()
    {
        await DisposeAsync();
        Volatile.Write(ref _leaseUntil, 0);
    }

    // Completes when the process has its place, or has looked for those of others once.
    private async Task FollowAsync(CancellationToken cancellation)
    {
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop = Task.Factory.StartNew(() => Loop(first), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            await first.Task.WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            await _stop.CancelAsync();
            throw;
        }
    }

    private void Loop(TaskCompletionSource first)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Poll();
            }
            catch (Exception e)
            {
                // Whatever it is: a silo that tries no more would be out of the cluster for good.
                RuntimeLog.MembershipUnreachable(log, e);
                FenceIfLate();
            }

            if (_silo is null || _self is not null) first.TrySetResult();
            // Not more often than this, however many ask.
            _stop.Token.WaitHandle.WaitOne(options.RenewInterval / 20);
            _wakening.WaitOne(options.RenewInterval);
        }
    }

    private void Poll()
    {
        if (_silo is null)
        {
            Publish(table.Read());
            return;
        }

        FenceIfLate();
        if (_self is not { } self)
        {
            if (!_isLeaving) Join();
            return;
        }

        long sent = Stopwatch.GetTimestamp();
        ClusterView? view = table.Renew(self, options.LeaseDuration);
        if (view is null)
        {
            Fence();
            return;
        }

        Volatile.Write(ref _leaseUntil, Until(sent));
        Publish(view);
    }

    private void Join()
    {
        (string name, string host, int port) = _silo!.Value;
        long sent = Stopwatch.GetTimestamp();
        (ClusterMember self, ClusterView view) = table.Join(name, host, port, options.LeaseDuration);
        Volatile.Write(ref _leaseUntil, Until(sent));
        _self = self;
        RuntimeLog.Joined(log, self.Name, self.Epoch, view.Number);
        Publish(view);
    }

    // A twentieth is for clocks that do not run alike.
    private long Until(long sent) => sent + (long)(options.LeaseDuration.TotalSeconds * 0.95 * Stopwatch.Frequency);

    private void FenceIfLate()
    {
        if (_self is not null && Self is null) Fence();
    }

    private void Fence()
    {
        if (_self is not { } self) return;
        _self = null;
        Volatile.Write(ref _leaseUntil, 0);
        RuntimeLog.Fenced(log, self.Name, self.Epoch);
        Fenced?.Invoke();
    }

    private void Publish(ClusterView view)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            if (view.Number <= _view.Number) return;
            _view = view;
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            // Within the lock, so that views are told in their order.
            ViewChanged?.Invoke(view);
        }

        RuntimeLog.ViewChanged(log, view.Number, view.Members.Length);
        changed.SetResult();
    }
}
