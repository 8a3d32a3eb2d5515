using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Orleans.Activations;
using Orleans.Calls;
using Orleans.Clustering;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Messaging;

/// <summary>
/// Calls of grains that live in other processes. A call that surely did not begin is routed again, by a newer view if there is
/// one, until its deadline; one that may have begun is repeated only when it is read-only, and otherwise fails as unknown.
/// </summary>
internal sealed class RemoteCalls(
    Membership membership, ClusterMessagingOptions options, Tls tls, CallDeadlines deadlines, Func<long> nowMs, Action<GrainRequest> route, ILogger log) : IAsyncDisposable
{
    private const int HopsMax = 6;
    private const int RetryDelayMaxMs = 400;
    private readonly ConcurrentDictionary<(string Name, long Epoch), Peer> _peers = new();
    private readonly byte[] _secret = Encoding.UTF8.GetBytes(options.Secret);
    private volatile bool _isDisposed;
    private int _waiting;

    /// <summary>Sends a call to the silo that owns its grain.</summary>
    public void Send(GrainRequest request, ClusterMember owner)
    {
        request.Caller = null;
        if (request.Hops >= HopsMax)
        {
            Reject(request, $"{request.Target} was passed on {request.Hops} times.");
            return;
        }

        deadlines.Watch(request);
        Peer peer = _peers.GetOrAdd((owner.Name, owner.Epoch), static (_, args) => new Peer(args.Self, args.Owner), (Self: this, Owner: owner));
        if (peer.Connection is { } connection) SendOn(connection, request);
        else _ = ConnectAndSendAsync(peer, request);
    }

    /// <summary>Routes a call again in a little while: it did not happen, and what hindered it may pass.</summary>
    public void RetryLater(GrainRequest request, string reason)
    {
        if (request.IsAnswered)
        {
            deadlines.Forget(request);
            return;
        }

        if (_isDisposed)
        {
            Reject(request, reason);
            return;
        }

        if (Interlocked.Increment(ref _waiting) > options.WaitingCallsMax)
        {
            Interlocked.Decrement(ref _waiting);
            Fail(request, new LimitExceededException($"{options.WaitingCallsMax} calls wait already. {reason}"));
            return;
        }

        request.WasSent = false;
        deadlines.Watch(request);
        membership.RefreshSoon();
        _ = RetryAsync(request);
    }

    /// <summary>Ends a call that did not begin.</summary>
    public void Reject(GrainRequest request, string reason)
    {
        Exception error = new OrleansMessageRejectionException($"{reason} The call did not happen.");
        request.Rejection = error;
        Fail(request, error);
    }

    /// <summary>Lets go of silos that are in no view any more.</summary>
    public void Keep(ClusterView view)
    {
        foreach (((string name, long epoch), Peer peer) in _peers)
            if (view.Find(name)?.Epoch != epoch && _peers.TryRemove((name, epoch), out _)) peer.Close();
    }

    public ValueTask DisposeAsync()
    {
        _isDisposed = true;
        foreach (Peer peer in _peers.Values) peer.Close();
        return ValueTask.CompletedTask;
    }

    private async Task RetryAsync(GrainRequest request)
    {
        int delay = Math.Min(RetryDelayMaxMs, 10 << Math.Min(request.Retries++, 6));
        await Task.Delay(Random.Shared.Next(delay / 2, delay + 1));
        Interlocked.Decrement(ref _waiting);
        if (request.IsAnswered) deadlines.Forget(request);
        else route(request);
    }

    private async Task ConnectAndSendAsync(Peer peer, GrainRequest request)
    {
        try
        {
            if (Interlocked.Increment(ref _waiting) > options.WaitingCallsMax) Fail(request, new LimitExceededException($"{options.WaitingCallsMax} calls wait already for connections."));
            else SendOn(await peer.ConnectAsync(), request);
        }
        catch (Exception e)
        {
            RuntimeLog.PeerUnreachable(log, peer.Member.Name, e.Message);
            RetryLater(request, $"{peer.Member.Name} cannot be reached.");
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private void SendOn(Connection connection, GrainRequest request)
    {
        try
        {
            request.WasSent = true;
            if (connection.TryCall(request, (writer, number) => Write(writer, request, number), out bool isBusy))
            {
                if (request.IsOneWay) deadlines.Forget(request);
            }
            else if (isBusy)
            {
                Fail(request, new LimitExceededException("Too many calls are under way to one silo. Try again later."));
            }
            else
            {
                RetryLater(request, "The connection ended.");
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The arguments cannot be written: nothing was sent.
            request.Rejection = e;
            Fail(request, e);
        }
    }

    private void Write(CodecWriter writer, GrainRequest request, long number)
    {
        CallCodec.WriteCall(writer, request, number, membership.View.Number, request.DeadlineMs - nowMs());
        if (writer.Length > options.MessageBytesMax) throw new ArgumentException($"{request.Method} of {request.Target} has {writer.Length} bytes of arguments; a message has at most {options.MessageBytesMax}.");
    }

    private void OnFrame(Connection connection, FrameKind kind, ReadOnlyMemory<byte> body)
    {
        if (kind != FrameKind.Answer) throw new InvalidDataException("Calls go the other way on this connection.");
        var reader = new CodecReader(body);
        long number = (long)reader.ReadVarUInt();
        long view = (long)reader.ReadVarUInt();
        if (view > membership.View.Number) membership.RefreshSoon();
        if (connection.Take(number) is not { } request) return;
        deadlines.Forget(request);
        try
        {
            if (!CallCodec.TryReadAnswer(reader, request, out string reason)) Rejected(request, reason);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            request.TryFail(new SiloUnavailableException("The answer cannot be read; the call may have happened.", e));
        }
    }

    // Whoever made the call tries again; a silo that passed it on says so to the one before.
    private void Rejected(GrainRequest request, string reason)
    {
        if (request.Hops == 0) RetryLater(request, reason);
        else Reject(request, reason);
    }

    private void OnEnded(Peer peer, Exception reason, List<GrainRequest> unsent, List<GrainRequest> unanswered)
    {
        RuntimeLog.ConnectionEnded(log, peer.Member.Name, reason.Message);
        membership.RefreshSoon();
        foreach (GrainRequest request in unsent) RetryLater(request, $"The connection to {peer.Member.Name} ended.");
        foreach (GrainRequest request in unanswered)
        {
            if (request.IsReadOnly) RetryLater(request, $"The connection to {peer.Member.Name} ended.");
            else Fail(request, new SiloUnavailableException($"{peer.Member.Name} was lost during {request.Method} of {request.Target}; the call may have happened.", reason));
        }
    }

    private void Fail(GrainRequest request, Exception error)
    {
        deadlines.Forget(request);
        request.TryFail(error);
    }

    /// <summary>The way to one silo: a connection, or an attempt to make one.</summary>
    private sealed class Peer(RemoteCalls owner, ClusterMember member)
    {
        private readonly Lock _lock = new();
        private Task<Connection>? _dialling;
        private Connection? _connection;
        private long _notBeforeMs;
        private int _failures;
        private bool _isClosed;

        public ClusterMember Member => member;

        public Connection? Connection => Volatile.Read(ref _connection);

        public Task<Connection> ConnectAsync()
        {
            lock (_lock)
            {
                if (_connection is not null) return Task.FromResult(_connection);
                if (_isClosed) throw new IOException($"{member.Name} is not a member any more.");
                if (_dialling is { IsCompleted: false }) return _dialling;
                if (Environment.TickCount64 < _notBeforeMs) throw new IOException($"{member.Name} could not be reached a moment ago.");
                return _dialling = DialAsync();
            }
        }

        public void Close()
        {
            lock (_lock) _isClosed = true;
            Connection?.Close();
        }

        private async Task<Connection> DialAsync()
        {
            await Task.Yield();
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                using var limit = new CancellationTokenSource(owner.Options.ConnectTimeout);
                await socket.ConnectAsync(member.Host, member.Port, limit.Token);
                Stream stream = await owner.Tls.DialAsync(new NetworkStream(socket, ownsSocket: true), member.Host, limit.Token);
                await Handshake.DialAsync(stream, owner._secret, limit.Token);
                var connection = new Connection(stream, owner.Options);
                lock (_lock)
                {
                    _failures = 0;
                    _connection = connection;
                }

                _ = RunAsync(connection);
                if (_isClosed || owner._isDisposed) connection.Close();
                return connection;
            }
            catch
            {
                socket.Dispose();
                lock (_lock)
                {
                    int delay = Math.Min(1_000, 25 << Math.Min(_failures++, 6));
                    _notBeforeMs = Environment.TickCount64 + Random.Shared.Next(delay / 2, delay + 1);
                }

                throw;
            }
        }

        private async Task RunAsync(Connection connection)
        {
            (Exception reason, List<GrainRequest> unsent, List<GrainRequest> unanswered) = await connection.RunAsync(owner.OnFrame);
            lock (_lock) _connection = null;
            owner.OnEnded(this, reason, unsent, unanswered);
        }
    }

    private ClusterMessagingOptions Options => options;

    private Tls Tls => tls;
}
