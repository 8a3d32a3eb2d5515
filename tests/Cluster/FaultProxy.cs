using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;

namespace Shop.Cluster.Tests;

/// <summary>Which way bytes go through a proxy.</summary>
[Flags]
public enum Direction
{
    /// <summary>From those who connect to the server behind the proxy.</summary>
    In = 1,

    /// <summary>Back.</summary>
    Out = 2,

    /// <summary>Both.</summary>
    Both = In | Out,
}

/// <summary>
/// A TCP proxy before one server that delays, throttles, holds back or breaks connections, all of them or those of one process.
/// Bytes that are held back are not lost: as on a real network they arrive when the partition heals, if somebody still waits.
/// </summary>
public sealed class FaultProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, Ports.Free());
    private readonly int _target;
    private readonly ConcurrentDictionary<Link, bool> _links = new();
    private volatile Func<int, Direction, bool> _isHeld = static (_, _) => false;
    private volatile int _delayMs;
    private volatile int _bytesPerSecond;

    public FaultProxy(int target)
    {
        _target = target;
        _listener.Start(512);
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>Everything passes again.</summary>
    public void Heal() => (_isHeld, _delayMs, _bytesPerSecond) = (static (_, _) => false, 0, 0);

    /// <summary>Holds back what processes send or get; all processes when none is named.</summary>
    public void Hold(Direction direction, params int[] processes) =>
        _isHeld = (process, way) => (direction & way) != 0 && (processes.Length == 0 || processes.Contains(process));

    public void Delay(TimeSpan delay) => _delayMs = (int)delay.TotalMilliseconds;

    public void Trickle(int bytesPerSecond) => _bytesPerSecond = bytesPerSecond;

    /// <summary>Breaks every connection with a reset.</summary>
    public void Reset()
    {
        foreach (Link link in _links.Keys) link.Break();
    }

    public void Dispose()
    {
        _listener.Dispose();
        Reset();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                TcpClient client = await _listener.AcceptTcpClientAsync();
                _ = ServeAsync(client);
            }
            catch (Exception e) when (e is ObjectDisposedException or SocketException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            var link = new Link(client, server);
            _links[link] = true;
            try
            {
                int process = OwnerOf(((IPEndPoint)client.Client.RemoteEndPoint!).Port);
                while (_isHeld(process, Direction.In)) await Task.Delay(20);
                await server.ConnectAsync(IPAddress.Loopback, _target);
                client.NoDelay = server.NoDelay = true;
                await Task.WhenAny(PumpAsync(client, server, process, Direction.In), PumpAsync(server, client, process, Direction.Out));
            }
            catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException or InvalidOperationException)
            {
                // One of the two is gone, and so is the link.
            }
            finally
            {
                _links.TryRemove(link, out _);
            }
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, int process, Direction direction)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (true)
            {
                int limit = _bytesPerSecond is > 0 and int rate ? Math.Max(1, rate / 50) : buffer.Length;
                int read = await from.GetStream().ReadAsync(buffer.AsMemory(0, limit));
                if (read == 0) return;
                if (_delayMs > 0) await Task.Delay(_delayMs);
                if (_bytesPerSecond > 0) await Task.Delay(20);
                while (_isHeld(process, direction)) await Task.Delay(20);
                await to.GetStream().WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // One of the two is gone.
        }
    }

    // The process at the other end of a connection of this machine: its socket's inode is among the process' open files.
    private static int OwnerOf(int port)
    {
        string suffix = ":" + port.ToString("X4", CultureInfo.InvariantCulture);
        foreach (string table in new[] { "/proc/net/tcp", "/proc/net/tcp6" })
        {
            string? inode = File.ReadLines(table).Skip(1).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .FirstOrDefault(f => f[1].EndsWith(suffix, StringComparison.Ordinal))?[9];
            if (inode is null) continue;
            foreach (int process in ShopProcess.Running)
            {
                try
                {
                    if (Directory.EnumerateFiles($"/proc/{process}/fd").Any(f => new FileInfo(f).LinkTarget == $"socket:[{inode}]")) return process;
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    // It has just ended.
                }
            }
        }

        return 0;
    }

    private sealed class Link(TcpClient client, TcpClient server)
    {
        private readonly Socket[] _ends = [client.Client, server.Client];

        public void Break()
        {
            foreach (Socket end in _ends)
            {
                try
                {
                    end.LingerState = new LingerOption(true, 0);
                    end.Dispose();
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException)
                {
                    // It is gone already.
                }
            }
        }
    }
}
