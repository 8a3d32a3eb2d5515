using System.Net;
using System.Net.Sockets;

namespace Shop.Testing;

/// <summary>Ports for servers that tests start.</summary>
public static class Ports
{
    // Below those that the system gives to outgoing connections, so that a server that is started again finds its port free.
    private const int First = 20_000, Count = 12_000;

    private static int _last = Random.Shared.Next(Count);

    /// <summary>A port of loopback that nobody listens on, and that this process was not given before.</summary>
    public static int Free()
    {
        while (true)
        {
            int port = First + (int)((uint)Interlocked.Increment(ref _last) % Count);
            try
            {
                using var probe = new TcpListener(IPAddress.Loopback, port);
                probe.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }
}
