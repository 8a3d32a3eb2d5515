namespace Shop.Cluster.Tests;

/// <summary>What a fault needs beyond processes and proxies.</summary>
public enum Need
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Clocks that can be made to jump.</summary>
    Clock,

    /// <summary>PostgreSQL on a disk that can be filled.</summary>
    SmallDisk,

    /// <summary>No cluster: one process on SQLite, on a disk that can be filled.</summary>
    Sqlite,

    /// <summary>No cluster: one process on SQLite, on the machine's disk.</summary>
    SqliteOnDisk,
}

/// <summary>Something that goes wrong while customers buy, and is put right again.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="StrikeAsync">Lets it happen and puts it right.</param>
/// <param name="Need">What it needs.</param>
public sealed record Fault(string Name, Func<ShopCluster, Random, Task> StrikeAsync, Need Need = Need.None)
{
    private static readonly TimeSpan LongerThanLease = ShopCluster.Lease + TimeSpan.FromSeconds(2);

    public static IReadOnlyList<Fault> All { get; } =
    [
        new("kill -9 of a silo, started again", async (cluster, random) =>
        {
            Node silo = Pick(cluster.Silos, random);
            silo.Process.Kill();
            await Pause(random, 200, 2_000);
            await ShopCluster.StartAsync(silo);
        }),
        new("silo stopped for longer than its lease (SIGSTOP, SIGCONT)", async (cluster, random) =>
        {
            Node silo = Pick(cluster.Silos, random);
            silo.Process.Freeze(true);
            await Task.Delay(LongerThanLease);
            silo.Process.Freeze(false);
        }),
        new("kill -9 of a gateway, started again", async (cluster, random) =>
        {
            Node gateway = Pick(cluster.Gateways, random);
            gateway.Process.Kill();
            await Pause(random, 200, 2_000);
            await ShopCluster.StartAsync(gateway);
        }),
        new("kill -9 of PostgreSQL, started again", async (cluster, random) =>
        {
            cluster.Database.Kill();
            await Pause(random, 100, 1_500);
            cluster.Database.Start();
        }),
        new("restart of PostgreSQL", (cluster, _) =>
        {
            cluster.Database.Restart();
            return Task.CompletedTask;
        }),
        new("PostgreSQL stopped in mid-air (SIGSTOP, SIGCONT)", async (cluster, random) =>
        {
            cluster.Database.Freeze(true);
            await Pause(random, 500, 5_000);
            cluster.Database.Freeze(false);
        }),
        new("partition silo | silo", (cluster, random) => Between(cluster, random, Direction.Both)),
        new("partition silo → silo, one way", (cluster, random) => Between(cluster, random, Direction.In)),
        new("partition silo | all other silos and gateways", async (cluster, random) =>
        {
            Pick(cluster.Silos, random).Front.Hold(Direction.Both);
            await Pause(random, 1_000, 8_000);
            cluster.Heal();
        }),
        new("partition silo | database", async (cluster, random) =>
        {
            Pick(cluster.Silos, random).Database.Hold(Direction.Both);
            await Pause(random, 1_000, 8_000);
            cluster.Heal();
        }),
        new("partition database → silo, one way", async (cluster, random) =>
        {
            Pick(cluster.Silos, random).Database.Hold(Direction.Out);
            await Pause(random, 1_000, 8_000);
            cluster.Heal();
        }),
        new("partition gateway | database", async (cluster, random) =>
        {
            Pick(cluster.Gateways, random).Database.Hold(Direction.Both);
            await Pause(random, 1_000, 6_000);
            cluster.Heal();
        }),
        new("delay of 20 to 200 ms on every connection", async (cluster, random) =>
        {
            foreach (FaultProxy proxy in cluster.Proxies) proxy.Delay(TimeSpan.FromMilliseconds(random.Next(20, 200)));
            await Pause(random, 2_000, 4_000);
            cluster.Heal();
        }),
        new("trickle of 20 kB/s on the connections of a silo", async (cluster, random) =>
        {
            Node silo = Pick(cluster.Silos, random);
            silo.Front.Trickle(20_000);
            silo.Database.Trickle(20_000);
            await Pause(random, 2_000, 5_000);
            cluster.Heal();
        }),
        new("connections reset, again and again", async (cluster, random) =>
        {
            for (int i = 0; i < 10; i++)
            {
                foreach (FaultProxy proxy in cluster.Proxies.Where(_ => random.Next(2) == 0)) proxy.Reset();
                await Pause(random, 50, 400);
            }
        }),
        new("slow disk (PostgreSQL stands still for two thirds of the time)", async (cluster, random) =>
        {
            for (int i = 0; i < 15; i++)
            {
                cluster.Database.Freeze(true);
                await Pause(random, 100, 300);
                cluster.Database.Freeze(false);
                await Pause(random, 50, 150);
            }
        }),
        new("full disk under PostgreSQL", async (cluster, random) =>
        {
            cluster.Database.Disk.Fill();
            await Pause(random, 1_000, 4_000);
            cluster.Database.Disk.Free();
            // What could not write its log has ended; an operator starts it again.
            cluster.Database.StartIfDown();
        }, Need.SmallDisk),
        new("full disk under SQLite (one process)", async (cluster, random) =>
        {
            cluster.SqliteDisk.Fill();
            await Pause(random, 1_000, 4_000);
            cluster.SqliteDisk.Free();
        }, Need.Sqlite),
        new("slow disk under SQLite (one process beside writers that flush)", async (cluster, random) =>
        {
            using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(random.Next(3_000, 6_000)));
            await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(() => WriteAndFlush(Path.Combine(cluster.SqliteDirectory, $"noise-{i}"), stop.Token))));
        }, Need.SqliteOnDisk),
        new("kill -9 of the process on SQLite, started again", async (cluster, random) =>
        {
            cluster.Gateways[0].Process.Kill();
            await Pause(random, 100, 1_000);
            await ShopCluster.StartAsync(cluster.Gateways[0]);
        }, Need.SqliteOnDisk),
        // With another build at hand, such as that of the other engine, it is that one's turn, and then this one's again.
        new("restart of the process on SQLite in good order", async (cluster, _) =>
        {
            for (int i = 0; i < 2; i++)
            {
                ShopProcess shop = cluster.Gateways[0].Process;
                await shop.StopAsync();
                shop.IsPrevious = ShopProcess.PreviousVersion is not null && !shop.IsPrevious;
                await ShopCluster.StartAsync(cluster.Gateways[0]);
            }
        }, Need.SqliteOnDisk),
        new("gateway stopped in mid-air (SIGSTOP, SIGCONT)", async (cluster, random) =>
        {
            Node gateway = Pick(cluster.Gateways, random);
            gateway.Process.Freeze(true);
            await Pause(random, 1_000, 8_000);
            gateway.Process.Freeze(false);
        }),
        new("clock of a silo jumps by hours", async (cluster, random) =>
        {
            Node silo = Pick(cluster.Silos, random);
            foreach (int hours in new[] { random.Next(1, 12), -random.Next(1, 12), 0 })
            {
                silo.Process.JumpClock(TimeSpan.FromHours(hours));
                await Pause(random, 1_500, 2_500);
                TimeSpan ahead = await silo.Process.ClockAheadAsync();
                if (Math.Abs(ahead.TotalHours - hours) > 0.1) throw new InvalidOperationException($"The clock was to be {hours} hours ahead and is {ahead}.");
            }
        }, Need.Clock),
        new("a silo joins", async (cluster, _) => await cluster.AddSiloAsync()),
        new("a silo leaves in good order", async (cluster, random) =>
        {
            Node silo = Pick(cluster.Silos, random);
            await cluster.RemoveSiloAsync(silo);
            await cluster.AddSiloAsync();
        }),
        // With an older build at hand it goes down to that and up again, so that each meets the other in both directions.
        new("rolling upgrade of all silos and gateways", async (cluster, _) =>
        {
            foreach (Node node in cluster.Nodes.ToArray())
            {
                await node.Process.StopAsync();
                node.Process.IsPrevious = ShopProcess.PreviousVersion is not null && !node.Process.IsPrevious;
                await ShopCluster.StartAsync(node);
            }
        }),
    ];

    /// <summary>Why it cannot happen on this machine; null when it can.</summary>
    public string? Obstacle => Need switch
    {
        Need.Clock => ShopProcess.ClockObstacle,
        Need.SmallDisk or Need.Sqlite => SmallDisk.Obstacle,
        _ => null,
    };

    private static Node Pick(List<Node> nodes, Random random) => nodes[random.Next(nodes.Count)];

    private static Task Pause(Random random, int fromMs, int toMs) => Task.Delay(random.Next(fromMs, toMs));

    private static void WriteAndFlush(string path, CancellationToken stop)
    {
        byte[] block = new byte[4 * 1024 * 1024];
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        while (!stop.IsCancellationRequested)
        {
            file.Write(block);
            file.Flush(flushToDisk: true);
            if (file.Length > 256L * 1024 * 1024) file.SetLength(0);
        }
    }

    private static async Task Between(ShopCluster cluster, Random random, Direction direction)
    {
        Node[] two = [.. cluster.Silos.OrderBy(_ => random.Next()).Take(2)];
        two[0].Front.Hold(direction, two[1].Process.Id);
        if (direction == Direction.Both) two[1].Front.Hold(direction, two[0].Process.Id);
        await Pause(random, 1_000, 8_000);
        cluster.Heal();
    }
}
