using System.Diagnostics;

namespace Shop.Cluster.Tests;

/// <summary>
/// Silos and gateways as processes on one PostgreSQL. Everything that goes to a silo passes a proxy, and so does everything
/// that a silo or a gateway says to the database, so that tests can come between any two of them.
/// </summary>
public sealed class ShopCluster : IDisposable
{
    public const string SecretKey = "sk_test_0123456789abcdef";
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(60);
    private readonly List<FaultProxy> _proxies = [];
    private int _named;

    private readonly Need _need;

    private readonly PostgreSqlServer? _database;
    private readonly SmallDisk? _sqliteDisk;

    private ShopCluster(Need need)
    {
        _need = need;
        if (!IsSqlite) _database = new PostgreSqlServer(onSmallDisk: need == Need.SmallDisk);
        else SqliteDirectory = Directory.CreateTempSubdirectory("shop-sqlite-").FullName;
        if (need == Need.Sqlite) _sqliteDisk = new SmallDisk(SqliteDirectory, megabytes: 100);
    }

    public PostgreSqlServer Database => _database ?? throw new InvalidOperationException("This shop is on SQLite.");

    public SmallDisk SqliteDisk => _sqliteDisk ?? throw new InvalidOperationException("This shop is not on a small disk.");

    /// <summary>Where SQLite's file is, for a shop of one process.</summary>
    public string SqliteDirectory { get; } = "";

    public bool IsSqlite => _need is Need.Sqlite or Need.SqliteOnDisk;

    public List<Node> Silos { get; } = [];

    public List<Node> Gateways { get; } = [];

    public IReadOnlyList<FaultProxy> Proxies => _proxies;

    public IEnumerable<Node> Nodes => [.. Silos, .. Gateways];

    public static async Task<ShopCluster> StartAsync(int silos, int gateways, Need need = Need.None)
    {
        var cluster = new ShopCluster(need);
        try
        {
            for (int i = 0; i < silos && !cluster.IsSqlite; i++) cluster.Silos.Add(cluster.CreateSilo());
            for (int i = 0; i < gateways && !cluster.IsSqlite; i++) cluster.Gateways.Add(cluster.CreateGateway());
            if (cluster.IsSqlite) cluster.Gateways.Add(cluster.CreateWhole());
            foreach (Node node in cluster.Nodes) node.Process.Start();
            foreach (Node node in cluster.Nodes) await node.Process.WhenReadyAsync(ReadyWithin);
            return cluster;
        }
        catch
        {
            cluster.Dispose();
            throw;
        }
    }

    /// <summary>Adds a silo.</summary>
    public async Task<Node> AddSiloAsync()
    {
        Node silo = CreateSilo();
        Silos.Add(silo);
        await StartAsync(silo);
        return silo;
    }

    /// <summary>Removes a silo in good order.</summary>
    public async Task RemoveSiloAsync(Node silo)
    {
        await silo.Process.StopAsync();
        Silos.Remove(silo);
    }

    /// <summary>Starts a process that has ended.</summary>
    public static async Task StartAsync(Node node)
    {
        node.Process.Start();
        await node.Process.WhenReadyAsync(ReadyWithin);
    }

    /// <summary>Waits until everybody has its place again. A silo that ended because others took it for dead is started once, as who supervises it would.</summary>
    public async Task WhenReadyAsync()
    {
        foreach (Node node in Nodes)
        {
            try
            {
                await node.Process.WhenReadyAsync(ReadyWithin);
            }
            catch (InvalidOperationException) when (node.Process.HasEnded && EnginePromises.EndedTakenForDead(node.Process.Output))
            {
                await StartAsync(node);
            }
        }
    }

    /// <summary>Runs a command of the gateway against this cluster, and gives its exit code and what it printed.</summary>
    public async Task<(int ExitCode, string Text)> RunCommandAsync(params string[] command)
    {
        ShopProcess gateway = Gateways[0].Process;
        using Process process = System.Diagnostics.Process.Start(new ProcessStartInfo("dotnet", [gateway.ProgramFile, .. command, .. gateway.Arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, text + await errors);
    }

    public void Heal()
    {
        foreach (FaultProxy proxy in _proxies) proxy.Heal();
    }

    public void Dispose()
    {
        foreach (Node node in Nodes) node.Process.Dispose();
        foreach (FaultProxy proxy in _proxies) proxy.Dispose();
        _database?.Dispose();
        _sqliteDisk?.Dispose();
        if (IsSqlite) Directory.Delete(SqliteDirectory, recursive: true);
    }

    // The whole shop in one process on SQLite.
    private Node CreateWhole() => new("shop", new ShopProcess("Shop.Gateway.dll", new Uri($"http://127.0.0.1:{Ports.Free()}"),
        [new("Shop:DataDirectory", SqliteDirectory), new("Shop:SecretKey", SecretKey), new("Shop:PaymentWindow", "00:00:20")], canJump: false), null, null);

    private Node CreateSilo()
    {
        int port = Ports.Free();
        FaultProxy front = Proxy(port);
        FaultProxy database = Proxy(Database.Port);
        string name = $"silo-{_named++}";
        return new Node(name, Make("Shop.Silo.dll", database, new("Shop:Cluster:Name", name), new("Shop:Cluster:Port", $"{port}"), new("Shop:Cluster:AdvertisedPort", $"{front.Port}")), database, front);
    }

    private Node CreateGateway()
    {
        FaultProxy database = Proxy(Database.Port);
        return new Node($"gateway-{_named++}", Make("Shop.Gateway.dll", database, new("Shop:Silo", "Cluster"), new("Shop:SecretKey", SecretKey)), database, null);
    }

    private FaultProxy Proxy(int port)
    {
        var proxy = new FaultProxy(port);
        _proxies.Add(proxy);
        return proxy;
    }

    private ShopProcess Make(string program, FaultProxy database, params KeyValuePair<string, string?>[] settings) => new(
        program, new Uri($"http://127.0.0.1:{Ports.Free()}"),
        [
            new("Shop:ConnectionString", PostgreSqlServer.At(database.Port) + ";Timeout=3;Command Timeout=5"), new("Shop:Cluster:Secret", "the secret of the chaos suite"),
            new("Shop:Cluster:Lease", Lease.ToString()), new("Shop:Cluster:RenewInterval", "00:00:00.500"), new("Shop:PaymentWindow", "00:00:20"), .. settings,
        ], _need == Need.Clock);
}

/// <summary>A process and the proxies around it: before the database as it sees it, and for a silo before itself.</summary>
public sealed record Node(string Name, ShopProcess Process, FaultProxy? DatabaseProxy, FaultProxy? FrontProxy)
{
    /// <summary>What it says to the database passes here.</summary>
    public FaultProxy Database => DatabaseProxy ?? throw new InvalidOperationException($"{Name} has no database server.");

    /// <summary>What others say to it passes here.</summary>
    public FaultProxy Front => FrontProxy ?? throw new InvalidOperationException($"{Name} is no silo.");
}
