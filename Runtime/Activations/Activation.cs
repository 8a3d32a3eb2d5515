using Microsoft.Extensions.Logging;
using Orleans.Calls;
using Orleans.Clustering;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans.Activations;

/// <summary>
/// One live grain: its instance, its mailbox and the rules by which its turns run. At any time at most one thread is inside;
/// everything below that is not marked as callable from outside runs on that thread.
/// </summary>
internal sealed class Activation : IGrainContext, IThreadPoolWorkItem
{
    private const int TurnsPerSlice = 256;

    [ThreadStatic]
    private static Activation? _constructedNow;

    private readonly Silo _silo;
    private Mailbox _mailbox;
    private RequestList _waiting;
    private int _scheduled;
    private int _inFlight;
    private int _running;
    private int _runningReadOnly;
    private int _waitingInterleaving;
    private long _lastUsedMs;
    private Stage _stage;
    private DeactivationReason? _leaving;
    private List<GrainTimer>? _timers;
    private TaskCompletionSource? _gone;

    public Activation(GrainId grainId, GrainClass @class, Silo silo)
    {
        GrainId = grainId;
        Class = @class;
        _silo = silo;
        _lastUsedMs = silo.NowMs;
    }

    private enum Stage : byte
    {
        New,
        Activating,
        Active,
        Deactivating,
        Gone,
    }

    public static Activation? ConstructedNow => _constructedNow;

    public GrainId GrainId { get; }

    public GrainClass Class { get; }

    public object? GrainInstance { get; private set; }

    public IServiceProvider ActivationServices => _silo.Services;

    public IGrainFactory GrainFactory => _silo.GrainFactory;

    internal bool IsGone => _stage == Stage.Gone;

    internal int InFlight => Volatile.Read(ref _inFlight);

    internal Silo Silo => _silo;

    /// <summary>Takes a call into the mailbox, or refuses it when the grain is busy. Callable from outside.</summary>
    public void EnqueueRequest(GrainRequest request)
    {
        if (Interlocked.Increment(ref _inFlight) > _silo.Messaging.MaxEnqueuedRequestsHardLimit)
        {
            Interlocked.Decrement(ref _inFlight);
            _silo.Instruments.Refused();
            request.TryFail(new LimitExceededException($"{GrainId} is busy: {_silo.Messaging.MaxEnqueuedRequestsHardLimit} calls are under way. Try again later."));
            return;
        }

        request.Activation = this;
        request.IsCounted = true;
        Enqueue(request);
    }

    /// <summary>Puts a turn into the mailbox. Callable from outside.</summary>
    public void Enqueue(ITurn turn)
    {
        _mailbox.Push(turn);
        Schedule();
    }

    /// <summary>Ends this activation when its running calls have ended. Callable from outside.</summary>
    public void Deactivate(DeactivationReason deactivationReason, CancellationToken? cancellationToken = null) =>
        Enqueue(new Command(activation => activation._leaving ??= deactivationReason));

    /// <summary>Ends this activation if nobody used it since <paramref name="beforeMs"/>. Callable from outside.</summary>
    public void CollectIfIdle(long beforeMs)
    {
        if (Volatile.Read(ref _lastUsedMs) > beforeMs || InFlight > 0) return;
        Enqueue(new Command(activation =>
        {
            if (activation._lastUsedMs <= beforeMs && activation._running == 0 && activation._waiting.Count == 0)
                activation._leaving ??= new DeactivationReason(DeactivationReasonCode.ActivationIdle, "The grain was idle.");
        }));
    }

    /// <summary>Completes when this activation has ended. Callable from outside.</summary>
    public Task WhenGone()
    {
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        gone = Interlocked.CompareExchange(ref _gone, gone, null) ?? gone;
        if (IsGone) gone.TrySetResult();
        return gone.Task;
    }

    public IGrainTimer RegisterTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        var timer = new GrainTimer(this, callback, options, _silo.Clock);
        (_timers ??= []).Add(timer);
        return timer;
    }

    internal void RemoveTimer(GrainTimer timer) => _timers?.Remove(timer);

    void IThreadPoolWorkItem.Execute()
    {
        ExecutionContext? flow = ExecutionContext.Capture();
        int turns = 0;
        while (turns < TurnsPerSlice && _mailbox.TakeAll() is { } turn)
        {
            for (ITurn? next; turn is not null; turn = next)
            {
                next = turn.Next;
                turn.Next = null;
                RunTurn(turn, flow);
                turns++;
            }

            Advance();
        }

        SynchronizationContext.SetSynchronizationContext(null);
        // A full fence: without it the look into the mailbox may come before others see that nobody is at work here.
        Interlocked.Exchange(ref _scheduled, 0);
        if (!_mailbox.IsEmpty) Schedule();
    }

    /// <summary>A call has come out of the mailbox: it starts, waits for its turn or goes to a later activation.</summary>
    internal void Accept(GrainRequest request)
    {
        if (_stage == Stage.Active && _leaving is null && CanStart(request))
        {
            Start(request);
        }
        else if (_stage == Stage.Gone)
        {
            Forward(request);
        }
        else
        {
            _waiting.Add(request);
            if (request.Interleaves) _waitingInterleaving++;
            if (request.IsCounted) _silo.Deadlines.Watch(request);
        }
    }

    /// <summary>A call has ended, in a turn of this activation.</summary>
    internal void OnEnded(GrainRequest request)
    {
        _running--;
        if (request.IsReadOnly) _runningReadOnly--;
        if (request.IsListed) _silo.Deadlines.Forget(request);
        request.Caller = null;
        if (request.KeepsAlive) _lastUsedMs = _silo.NowMs;
        if (request.IsCounted) Interlocked.Decrement(ref _inFlight);
    }

    private void Schedule()
    {
        if (Volatile.Read(ref _scheduled) == 0 && Interlocked.CompareExchange(ref _scheduled, 1, 0) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    private void RunTurn(ITurn turn, ExecutionContext? flow)
    {
        try
        {
            turn.Run(this);
        }
        catch (Exception e)
        {
            // Only an async void method or a callback of foreign code gets here; the grain lives on.
            RuntimeLog.TurnFailed(_silo.Log, e, GrainId);
        }

        ExecutionContext? now = ExecutionContext.Capture();
        if (!ReferenceEquals(now, flow) && flow is not null) ExecutionContext.Restore(flow);
    }

    /// <summary>Does what the turns before made possible: activate, start waiting calls, deactivate.</summary>
    private void Advance()
    {
        if (_stage == Stage.New) BeginActivation();
        if (_stage != Stage.Active) return;
        if (_leaving is null) StartWaiting();
        if (_leaving is not null && _running == 0) BeginDeactivation();
    }

    private void StartWaiting()
    {
        while (_leaving is null && _waiting.First is { } first)
        {
            GrainRequest? next = CanStart(first) ? _waiting.RemoveFirst()
                : _waitingInterleaving > 0 ? _waiting.RemoveFirst(r => r.Interleaves)
                : null;
            if (next is null) return;
            if (next.Interleaves) _waitingInterleaving--;
            if (next.IsAbandoned) Leave(next);
            else Start(next);
        }
    }

    private bool CanStart(GrainRequest request) =>
        _running == 0 || Class.IsReentrant || request.Interleaves || (request.IsReadOnly && _runningReadOnly == _running);

    private void Start(GrainRequest request)
    {
        _running++;
        if (request.IsReadOnly) _runningReadOnly++;
        request.Start(this);
        // Still running after its first turn: from now on somebody must watch its deadline.
        if (!request.HasEnded && request.IsCounted) _silo.Deadlines.Watch(request);
    }

    private void BeginActivation()
    {
        _stage = Stage.Activating;
        _running++;
        new InternalRequest("activate", ActivateAsync, OnActivated, interleaves: true, keepsAlive: true).RunNow(this);
    }

    private async Task ActivateAsync()
    {
        if (_silo.Cluster is { } cluster && Class.MaxLocalWorkers is null) await cluster.ClaimAsync(GrainId);
        _constructedNow = this;
        try
        {
            GrainInstance = Class.Construct(this, out IReadOnlyList<IStateFacet> facets);
            _constructedNow = null;
            foreach (IStateFacet facet in facets) await facet.ReadStateAsync(CancellationToken.None);
        }
        finally
        {
            _constructedNow = null;
        }

        using CancellationTokenSource limit = new(_silo.Messaging.ResponseTimeout, _silo.Clock);
        await ((IGrainBase)GrainInstance).OnActivateAsync(limit.Token);
    }

    private void OnActivated(Exception? error)
    {
        if (error is null)
        {
            _stage = Stage.Active;
            _silo.Instruments.Activated(Class.Type);
            if (_mailbox.IsEmpty) Enqueue(new Command(static _ => { }));
            return;
        }

        if (error is NotOwnerException)
        {
            EndActivation(activated: false);
            return;
        }

        RuntimeLog.ActivationFailed(_silo.Log, error, GrainId);
        while (_waiting.Count > 0) Refuse(_waiting.RemoveFirst(), error);
        EndActivation(activated: false);
    }

    private void Refuse(GrainRequest request, Exception error)
    {
        Leave(request);
        request.TryFail(error);
    }

    /// <summary>A call that never started leaves this activation.</summary>
    private void Leave(GrainRequest request)
    {
        if (request.IsListed) _silo.Deadlines.Forget(request);
        if (request.IsCounted) Interlocked.Decrement(ref _inFlight);
    }

    private void BeginDeactivation()
    {
        _stage = Stage.Deactivating;
        _running++;
        if (_timers is not null)
            foreach (GrainTimer timer in _timers.ToArray()) timer.Dispose();
        new InternalRequest("deactivate", DeactivateAsync, OnDeactivated, interleaves: true, keepsAlive: false).RunNow(this);
    }

    private async Task DeactivateAsync()
    {
        using CancellationTokenSource limit = new(_silo.Messaging.ResponseTimeout, _silo.Clock);
        await ((IGrainBase)GrainInstance!).OnDeactivateAsync(_leaving!.Value, limit.Token);
        if (GrainInstance is IAsyncDisposable asyncDisposable) await asyncDisposable.DisposeAsync();
        else if (GrainInstance is IDisposable disposable) disposable.Dispose();
    }

    private void OnDeactivated(Exception? error)
    {
        if (error is not null) RuntimeLog.DeactivationFailed(_silo.Log, error, GrainId);
        EndActivation(activated: true);
    }

    private void EndActivation(bool activated)
    {
        _stage = Stage.Gone;
        _silo.Remove(this);
        if (activated) _silo.Instruments.Deactivated(Class.Type);
        while (_waiting.Count > 0) Forward(_waiting.RemoveFirst());
        Interlocked.MemoryBarrier();
        Volatile.Read(ref _gone)?.TrySetResult();
    }

    private void Forward(GrainRequest request)
    {
        Leave(request);
        request.Activation = null;
        request.IsCounted = false;
        if (request is not InternalRequest && !request.IsAbandoned) _silo.Resend(request);
    }

    private sealed class Command(Action<Activation> action) : ITurn
    {
        public ITurn? Next { get; set; }

        public void Run(Activation activation) => action(activation);
    }
}
