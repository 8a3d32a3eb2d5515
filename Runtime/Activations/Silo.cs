using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Calls;
using Orleans.Clustering;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.Activations;

/// <summary>One silo: the activations of this process, their clock, their deadlines and their collection.</summary>
internal sealed class Silo : ICallRouter, IHostedService, IDisposable
{
    private static readonly TimeSpan ClockTick = TimeSpan.FromMilliseconds(100);
    private readonly ConcurrentDictionary<GrainId, Activation> _activations = new();
    private readonly ConcurrentDictionary<GrainId, WorkerPool> _workers = new();
    private readonly GrainManifest _manifest;
    private readonly GrainCollectionOptions _collection;
    private readonly Lazy<IReadOnlyList<IOutgoingGrainCallFilter>> _outgoingFilters;
    private readonly long _origin;
    private ITimer? _ticker;
    private long _nowMs;
    private long _nextCollectionMs;
    private volatile bool _stopping;

    public Silo(
        IServiceProvider services,
        GrainManifest manifest,
        TimeProvider clock,
        IOptions<SiloMessagingOptions> messaging,
        IOptions<GrainCollectionOptions> collection,
        RuntimeInstruments instruments,
        ILogger<Silo> log)
    {
        Services = services;
        Clock = clock;
        Messaging = messaging.Value;
        Instruments = instruments;
        Log = log;
        // Filters and startup tasks may call grains themselves, so they are made after the silo.
        _outgoingFilters = new(() => [.. services.GetServices<IOutgoingGrainCallFilter>()]);
        GrainFactory = new GrainFactory(manifest, this, services);
        _manifest = manifest;
        _collection = collection.Value;
        _origin = clock.GetTimestamp();
        if (services.GetService<IMembershipTable>() is { } table)
        {
            Cluster = new SiloCluster(
                this, manifest, table, Options<EndpointOptions>(services), Options<ClusterMembershipOptions>(services), Options<ClusterMessagingOptions>(services), log);
        }

        instruments.Observe(() => _activations.CountBy(a => a.Value.Class.Type.Name), () => manifest.Classes);
    }

    public IServiceProvider Services { get; }

    public TimeProvider Clock { get; }

    public SiloMessagingOptions Messaging { get; }

    public RuntimeInstruments Instruments { get; }

    public ILogger Log { get; }

    public GrainFactory GrainFactory { get; }

    public CallDeadlines Deadlines { get; } = new();

    /// <summary>The silo's place among others; null when it is alone.</summary>
    public SiloCluster? Cluster { get; }

    /// <summary>Other grains than before have their place here.</summary>
    public event Action? OwnershipChanged;

    public IReadOnlyList<IOutgoingGrainCallFilter> OutgoingFilters => _outgoingFilters.Value;

    /// <summary>Milliseconds since the silo was made, at most one tick old.</summary>
    public long NowMs => Volatile.Read(ref _nowMs);

    public int ActivationCount => _activations.Count;

    public void Send(GrainRequest request)
    {
        GrainReference target = request.Target!;
        if (SynchronizationContext.Current is GrainRequest caller && !request.IsOneWay)
        {
            request.Caller = caller;
            request.SourceId = caller.Activation?.GrainId;
        }
        else if (_stopping)
        {
            request.TryFail(new OrleansMessageRejectionException("The silo is stopping; the call did not happen."));
            return;
        }

        request.DeadlineMs = NowMs + (long)Messaging.ResponseTimeout.TotalMilliseconds;
        request.Ambience = CallAmbience.Capture();
        request.CopyArguments();
        if (target.LastActivation is { IsGone: false } known) known.EnqueueRequest(request);
        else Deliver(request);
    }

    /// <summary>Runs a turn in a grain whose place is here.</summary>
    public Task<T> RunAsync<T>(GrainId grain, GrainRequest<T> request)
    {
        request.Target = new LocalReference(new GrainReferenceSeed(grain, this));
        Send(request);
        return request.Answer;
    }

    /// <summary>Sends a call again that reached an activation which had ended; the call has not started.</summary>
    public void Resend(GrainRequest request)
    {
        request.Target!.LastActivation = null;
        if (_stopping) request.TryFail(new OrleansMessageRejectionException("The silo is stopping; the call did not happen."));
        else Deliver(request);
    }

    public void Remove(Activation activation)
    {
        if (activation.Class.MaxLocalWorkers is null) _activations.TryRemove(KeyValuePair.Create(activation.GrainId, activation));
        else if (_workers.TryGetValue(activation.GrainId, out WorkerPool? pool)) pool.Remove(activation);
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        using (ExecutionContext.SuppressFlow()) _ticker = Clock.CreateTimer(_ => Tick(), null, ClockTick, ClockTick);
        if (Cluster is not null) await Cluster.StartAsync(cancellationToken);
        foreach (IStartupTask task in Services.GetServices<IStartupTask>()) await task.Execute(cancellationToken);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (Cluster is not null) await GiveAllAwayAsync(cancellationToken);
        _stopping = true;
        var reason = new DeactivationReason(DeactivationReasonCode.ShuttingDown, "The silo is stopping.");
        Activation[] all = [.. _activations.Values, .. _workers.Values.SelectMany(p => p.Snapshot())];
        foreach (Activation activation in all) activation.Deactivate(reason);
        try
        {
            await Task.WhenAll(all.Select(a => a.WhenGone())).WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            RuntimeLog.StoppedWithActivations(Log, all.Count(a => !a.IsGone));
        }

        if (Cluster is not null) await LeaveAsync(cancellationToken);
    }

    /// <summary>Whether the grain's place is here, now.</summary>
    public bool Owns(GrainId grain) => Cluster is null || Cluster.Owns(grain);

    /// <summary>Ends the activations whose place is elsewhere; completes when they are gone.</summary>
    public async Task DeactivateStrangers()
    {
        if (Cluster is not { } cluster) return;
        await Task.Yield();
        OwnershipChanged?.Invoke();
        Activation[] strangers = [.. _activations.Values.Where(a => !cluster.Owns(a.GrainId))];
        if (strangers.Length == 0) return;
        var reason = new DeactivationReason(DeactivationReasonCode.Migrating, "The grain's place is another silo.");
        foreach (Activation activation in strangers) activation.Deactivate(reason);
        await Task.WhenAll(strangers.Select(a => a.WhenGone()));
    }

    /// <summary>Ends the activation of a grain, if there is one, because its place is elsewhere.</summary>
    public Task DeactivateAsync(GrainId grain)
    {
        if (!_activations.TryGetValue(grain, out Activation? activation)) return Task.CompletedTask;
        activation.Deactivate(new DeactivationReason(DeactivationReasonCode.Migrating, "The grain's place is another silo."));
        return activation.WhenGone();
    }

    public void Dispose() => _ticker?.Dispose();

    /// <summary>Ends all activations of this moment: none of them takes a call that comes after this has returned; the task completes when they are gone.</summary>
    internal async Task DeactivateAllAsync(DeactivationReason reason)
    {
        Activation[] all = [.. _activations.Values];
        foreach (Activation activation in all) activation.Deactivate(reason);
        await Task.WhenAll(all.Select(a => a.WhenGone()));
    }

    /// <summary>Brings a call to its activation, here or on another silo.</summary>
    public void Deliver(GrainRequest request)
    {
        GrainReference target = request.Target!;
        GrainClass @class;
        try
        {
            @class = _manifest.ClassOf(target.GrainId.Type, Services);
        }
        catch (InvalidOperationException e)
        {
            request.TryFail(e);
            return;
        }

        if (@class.MaxLocalWorkers is not null)
        {
            _workers.GetOrAdd(target.GrainId, static (id, args) => new WorkerPool(id, args.Class, args.Silo), (Class: @class, Silo: this)).Send(request);
            return;
        }

        if (Cluster is not null && Cluster.TryPassOn(request)) return;
        Activation activation = _activations.GetOrAdd(target.GrainId, static (id, args) => new Activation(id, args.Class, args.Silo), (Class: @class, Silo: this));
        target.LastActivation = activation;
        activation.EnqueueRequest(request);
    }

    private static T Options<T>(IServiceProvider services)
        where T : class => services.GetRequiredService<IOptions<T>>().Value;

    private async Task GiveAllAwayAsync(CancellationToken cancellation)
    {
        try
        {
            await Cluster!.BeginLeaveAsync(cancellation);
            await DeactivateStrangers().WaitAsync(cancellation);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            RuntimeLog.LeaveFailed(Log, e);
        }
    }

    private async Task LeaveAsync(CancellationToken cancellation)
    {
        try
        {
            await Cluster!.LeaveAsync(cancellation);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The lease runs out by itself.
            RuntimeLog.LeaveFailed(Log, e);
        }
    }

    private void Tick()
    {
        long now = (long)Clock.GetElapsedTime(_origin).TotalMilliseconds;
        Volatile.Write(ref _nowMs, now);
        Deadlines.Sweep(now);
        if (now < _nextCollectionMs) return;
        _nextCollectionMs = now + (long)_collection.CollectionQuantum.TotalMilliseconds;
        foreach (Activation activation in _activations.Values.Concat(_workers.Values.SelectMany(p => p.Snapshot())))
        {
            if (activation.Class.CollectionAge == TimeSpan.MaxValue) continue;
            activation.CollectIfIdle(now - (long)activation.Class.CollectionAge.TotalMilliseconds);
        }
    }

    private sealed class LocalReference(GrainReferenceSeed seed) : GrainReference(seed);
}
