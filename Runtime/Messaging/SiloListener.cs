using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Orleans.Messaging;

/// <summary>Takes connections of other processes of the cluster. Whoever cannot show the secret gets nothing.</summary>
internal sealed class SiloListener(ClusterMessagingOptions options, Tls tls, Connection.FrameHandler handler, ILogger log) : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly byte[] _secret = Encoding.UTF8.GetBytes(options.Secret);
    private int _connections;

    /// <summary>Listens from now on; the port that it is on.</summary>
    public int Start(IPEndPoint endpoint)
    {
        _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _socket.Bind(endpoint);
        _socket.Listen(512);
        _ = AcceptAsync();
        return ((IPEndPoint)_socket.LocalEndPoint!).Port;
    }

    public void Dispose()
    {
        _stop.Cancel();
        _socket.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Socket socket = await _socket.AcceptAsync(_stop.Token);
                socket.NoDelay = true;
                if (Interlocked.Increment(ref _connections) <= options.ConnectionsMax)
                {
                    _ = ServeAsync(socket);
                    continue;
                }

                Interlocked.Decrement(ref _connections);
                RuntimeLog.ConnectionRefused(log, $"{socket.RemoteEndPoint}", $"{options.ConnectionsMax} connections are open");
                socket.Dispose();
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                // For instance no more file handles; connections that end give some back.
                RuntimeLog.ConnectionRefused(log, "unknown", e.Message);
                await Task.Delay(100);
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        string peer = $"{socket.RemoteEndPoint}";
        try
        {
            await using Connection connection = await OpenAsync(socket, peer);
            await using CancellationTokenRegistration stop = _stop.Token.Register(connection.Close);
            (Exception reason, _, _) = await connection.RunAsync(handler);
            RuntimeLog.ConnectionEnded(log, peer, reason.Message);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            RuntimeLog.ConnectionRefused(log, peer, e.Message);
        }
        finally
        {
            socket.Dispose();
            Interlocked.Decrement(ref _connections);
        }
    }

    private async Task<Connection> OpenAsync(Socket socket, string peer)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        limit.CancelAfter(options.ConnectTimeout);
        Stream stream = await tls.AcceptAsync(new NetworkStream(socket, ownsSocket: true), limit.Token);
        await Handshake.AcceptAsync(stream, _secret, limit.Token);
        RuntimeLog.ConnectionOpened(log, peer);
        return new Connection(stream, options);
    }
}
