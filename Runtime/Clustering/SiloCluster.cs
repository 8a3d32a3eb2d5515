using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using Orleans.Activations;
using Orleans.Calls;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Messaging;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Clustering;

/// <summary>
/// A silo's place in the cluster: where its calls go, which calls of others it takes, and how grains change hands. When a view
/// moves a grain, its old owner lets the running calls end and gives it up before the new owner activates it, so that two
/// activations meet in the journal only after a failure.
/// </summary>
internal sealed class SiloCluster : IAsyncDisposable
{
    private static readonly TimeSpan AnswerFlush = TimeSpan.FromMilliseconds(100);
    private readonly Silo _silo;
    private readonly GrainManifest _manifest;
    private readonly EndpointOptions _endpoint;
    private readonly Tls _tls;
    private readonly RemoteCalls _remote;
    private readonly SiloListener _listener;
    private readonly ILogger _log;
    private readonly TimeSpan _lingering;
    private string _name = "";
    private int _unanswered;

    // Members that may still have activations which are this silo's now.
    private readonly ConcurrentDictionary<(string Name, long Epoch), (long View, TaskCompletionSource Settled)> _unsettled = new();

    public SiloCluster(
        Silo silo, GrainManifest manifest, IMembershipTable table, EndpointOptions endpoint, ClusterMembershipOptions membership, ClusterMessagingOptions messaging, ILogger log)
    {
        _silo = silo;
        _manifest = manifest;
        _endpoint = endpoint;
        _log = log;
        _lingering = membership.RenewInterval * 2;
        _tls = new Tls(messaging);
        Membership = new Membership(table, membership, log);
        Membership.ViewChanged += OnViewChanged;
        Membership.Fenced += OnFenced;
        _remote = new RemoteCalls(Membership, messaging, _tls, silo.Deadlines, () => silo.NowMs, silo.Deliver, log);
        _listener = new SiloListener(messaging, _tls, OnFrame, log);
    }

    public Membership Membership { get; }

    /// <summary>Whether the grain's place is here, now.</summary>
    public bool Owns(GrainId grain) => Membership.Self is { } self && OwnerOf(grain, grain.GetUniformHashCode())?.Name == self.Name;

    /// <summary>Listens and enters the cluster.</summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        int listening = _listener.Start(new IPEndPoint(IPAddress.Parse(_endpoint.ListenAddress), _endpoint.SiloPort));
        int port = _endpoint.AdvertisedPort ?? listening;
        string host = _endpoint.AdvertisedHost ?? _endpoint.ListenAddress;
        _name = _endpoint.SiloName ?? $"{host}:{port}";
        await Membership.JoinAsync(_name, host, port, cancellation);
    }

    /// <summary>Gives all grains away; calls that still come are passed on.</summary>
    public async Task BeginLeaveAsync(CancellationToken cancellation)
    {
        await Membership.BeginLeaveAsync(cancellation);
        // Until everybody has seen the view and sends its calls elsewhere.
        await Task.Delay(_lingering, cancellation);
    }

    /// <summary>Leaves for good, after the calls of others that are under way here have been answered.</summary>
    public async Task LeaveAsync(CancellationToken cancellation)
    {
        while (Volatile.Read(ref _unanswered) > 0 && !cancellation.IsCancellationRequested) await Task.Delay(10, CancellationToken.None);
        // The last answers are still on their way to the socket.
        await Task.Delay(AnswerFlush, CancellationToken.None);
        await Membership.LeaveAsync(cancellation);
        await DisposeAsync();
    }

    /// <summary>Ends as a process that is killed: at once, and without a word.</summary>
    public async Task AbandonAsync()
    {
        _listener.Dispose();
        await _remote.DisposeAsync();
        await Membership.AbandonAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _remote.DisposeAsync();
        await Membership.DisposeAsync();
        _tls.Dispose();
    }

    /// <summary>Sends the call on when its grain lives elsewhere; false when its place is here.</summary>
    public bool TryPassOn(GrainRequest request)
    {
        GrainReference target = request.Target!;
        if (Membership.Self is not { } self)
        {
            _remote.Reject(request, "The silo is not a member of the cluster now.");
            return true;
        }

        ClusterMember? owner = OwnerOf(target.GrainId, target.UniformHash);
        if (owner is null) _remote.RetryLater(request, $"No silo has {target}.");
        else if (owner.Name == self.Name) return false;
        else _remote.Send(request, owner);
        return true;
    }

    /// <summary>Completes when nobody else has the grain, as far as the living can be asked.</summary>
    /// <exception cref="NotOwnerException">The grain's place is elsewhere by now.</exception>
    public async ValueTask ClaimAsync(GrainId grain)
    {
        if (!Owns(grain)) throw new NotOwnerException();
        if (_unsettled.IsEmpty || grain.Type.Value == SiloControlGrain.GrainTypeName) return;
        long view = Membership.View.Number;
        await Task.WhenAll(_unsettled.Select(peer => Task.WhenAny(peer.Value.Settled.Task, Control(peer.Key.Name).Release(view, grain.ToString()))));
        if (!Owns(grain)) throw new NotOwnerException();
    }

    /// <summary>Completes when this silo knows the view and the grain, or every grain, that is another's is gone from here.</summary>
    public async Task GiveUpAsync(long view, GrainId? grain)
    {
        using var limit = new CancellationTokenSource(Membership.Lease);
        await Membership.AtLeastAsync(view, limit.Token);
        if (grain is null) await _silo.DeactivateStrangers();
        else if (!Owns(grain.Value)) await _silo.DeactivateAsync(grain.Value);
    }

    private ClusterMember? OwnerOf(GrainId grain, uint hash) =>
        grain.Type.Value == SiloControlGrain.GrainTypeName ? Membership.View.Find(grain.Key.Value) : Membership.View.OwnerOf(hash);

    private ISiloControl Control(string name) => _silo.GrainFactory.GetGrain<ISiloControl>(name);

    // What others own by now must not be remembered here, should this silo join again at once and get it back.
    private void OnFenced()
    {
        _ = _silo.DeactivateAllAsync(new DeactivationReason(DeactivationReasonCode.Migrating, "The silo lost its lease."));
        _ = _silo.DeactivateStrangers();
    }

    private void OnViewChanged(ClusterView view)
    {
        _remote.Keep(view);
        foreach (((string name, long epoch), (long _, TaskCompletionSource settled)) in _unsettled)
        {
            if (view.Find(name)?.Epoch == epoch) continue;
            _unsettled.TryRemove((name, epoch), out _);
            settled.TrySetResult();
        }

        foreach (ClusterMember member in view.Members.Where(m => m.Name != _name))
        {
            TaskCompletionSource settled = _unsettled.TryGetValue((member.Name, member.Epoch), out var known)
                ? known.Settled
                : new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _unsettled[(member.Name, member.Epoch)] = (view.Number, settled);
            _ = SettleAsync(member, view.Number, settled);
        }

        RuntimeLog.Moving(_log, _silo.ActivationCount, view.Number);
        _ = _silo.DeactivateStrangers();
    }

    // A silo that does not answer within a lease has seen the view or serves no more.
    private async Task SettleAsync(ClusterMember member, long view, TaskCompletionSource settled)
    {
        await Task.Yield();
        try
        {
            await Control(member.Name).Settle(view).WaitAsync(Membership.Lease);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            RuntimeLog.PeerUnreachable(_log, member.Name, e.Message);
        }

        if (_unsettled.TryRemove(KeyValuePair.Create((member.Name, member.Epoch), (view, settled)))) settled.TrySetResult();
    }

    private void OnFrame(Connection connection, FrameKind kind, ReadOnlyMemory<byte> body)
    {
        if (kind != FrameKind.Call) throw new InvalidDataException("Answers go the other way on this connection.");
        var reader = new CodecReader(body);
        CallHead head = CallCodec.ReadHead(reader);
        GrainRequest? request = _manifest.MakeRequest(head.Method);
        try
        {
            if (request is null) throw new NotSupportedException($"This version of the silo has no method {head.Method:x8} for {head.Target}.");
            CallCodec.ReadArguments(reader, request);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            RuntimeLog.BadMessage(_log, e, head.Target.ToString());
            if (head.Number != 0) _ = connection.AnswerAsync(CallCodec.WriteFailure(e, head.Number, Membership.View.Number)).AsTask();
            return;
        }

        request.Target = new IncomingReference(new GrainReferenceSeed(head.Target, _silo));
        request.Hops = head.Hops + 1;
        request.DeadlineMs = _silo.NowMs + head.RemainingMs;
        if (head.Number != 0)
        {
            Interlocked.Increment(ref _unanswered);
            request.OnAnswered(() => _ = AnswerAsync(connection, request, head.Number));
        }

        if (head.View > Membership.View.Number) _ = DeliverWithViewAsync(request, head.View);
        else _silo.Deliver(request);
    }

    private async Task AnswerAsync(Connection connection, GrainRequest request, long number)
    {
        await connection.AnswerAsync(CallCodec.WriteAnswer(request, number, Membership.View.Number));
        Interlocked.Decrement(ref _unanswered);
    }

    // The caller knows more than this silo: it catches up first.
    private async Task DeliverWithViewAsync(GrainRequest request, long view)
    {
        try
        {
            using var limit = new CancellationTokenSource(Membership.Lease);
            await Membership.AtLeastAsync(view, limit.Token);
        }
        catch (OperationCanceledException)
        {
            _remote.Reject(request, $"The silo does not know view {view} of the cluster yet.");
            return;
        }

        _silo.Deliver(request);
    }

    private sealed class IncomingReference(GrainReferenceSeed seed) : GrainReference(seed);
}

/// <summary>The grain's place is another silo by now; its calls go there.</summary>
internal sealed class NotOwnerException : Exception;
