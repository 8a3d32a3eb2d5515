using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Activations;
using Orleans.TestingHost;

namespace Shop.Runtime.Tests;

/// <summary>Whoever is not of the cluster.</summary>
public sealed class OutsiderTests
{
    [Fact]
    public async Task An_outsider_who_reaches_the_port_gets_nothing()
    {
        await using InProcessTestCluster cluster = new InProcessTestClusterBuilder(2).Build();
        await cluster.DeployAsync();
        var silo = cluster.GetSiloServiceProvider().GetRequiredService<Silo>();
        int port = silo.Cluster!.Membership.Self!.Port;
        byte[][] tries =
        [
            "GET / HTTP/1.1\r\nHost: shop\r\n\r\n          padding to the length of a hello"u8.ToArray(),
            [.. "SHOPMSG"u8, 1, .. new byte[32], .. new byte[32]],
            [.. "SHOPMSG"u8, 9, .. new byte[32], .. new byte[32]],
        ];
        foreach (byte[] attempt in tries)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, port);
            await socket.SendAsync(attempt);
            byte[] answer = new byte[1024];
            int heard = 0, read;
            try
            {
                while ((read = await socket.ReceiveAsync(answer.AsMemory(heard)).AsTask().WaitAsync(TimeSpan.FromSeconds(10))) > 0) heard += read;
            }
            catch (SocketException)
            {
                // Closed with what was sent still unread.
            }

            heard.ShouldBeLessThanOrEqualTo(40);
        }

        (await cluster.Client.GetGrain<IProbeGrain>("still here").Add(1)).ShouldBe(1);
    }
}
