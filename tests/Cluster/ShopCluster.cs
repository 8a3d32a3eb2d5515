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

    private ShopCluster(Need need) => (_need, Database) = (need, new PostgreSqlServer(onSmallDisk: need == Need.SmallDisk));

    public PostgreSqlServer Database { get; }

    public List<Node> Silos { get; } = [];

    public List<Node> Gateways { get; } = [];

    public IReadOnlyList<FaultProxy> Proxies => _proxies;

    public IEnumerable<Node> Nodes => [.. Silos, .. Gateways];

    public static async Task<ShopCluster> StartAsync(int silos, int gateways, Need need = Need.None)
    {
        var cluster = new ShopCluster(need);
        try
        {
            for (int i = 0; i < silos; i++) cluster.Silos.Add(cluster.CreateSilo());
            for (int i = 0; i < gateways; i++) cluster.Gateways.Add(cluster.CreateGateway());
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

    /// <summary>Waits until everybody has its place again.</summary>
    public async Task WhenReadyAsync()
    {
        foreach (Node node in Nodes) await node.Process.WhenReadyAsync(ReadyWithin);
    }

    public void Heal()
    {
        foreach (FaultProxy proxy in _proxies) proxy.Heal();
    }

    public void Dispose()
    {
        foreach (Node node in Nodes) node.Process.Dispose();
        foreach (FaultProxy proxy in _proxies) proxy.Dispose();
        Database.Dispose();
    }

    private Node CreateSilo()
    {
        int port = ShopProcess.FreePort();
        FaultProxy front = Proxy(port);
        FaultProxy database = Proxy(Database.Port);
        string name = $"silo-{_named++}";
        return new Node(name, Process("Shop.Silo.dll", database, new("Shop:Cluster:Name", name), new("Shop:Cluster:Port", $"{port}"), new("Shop:Cluster:AdvertisedPort", $"{front.Port}")), database, front);
    }

    private Node CreateGateway()
    {
        FaultProxy database = Proxy(Database.Port);
        return new Node($"gateway-{_named++}", Process("Shop.Gateway.dll", database, new("Shop:Silo", "Cluster"), new("Shop:SecretKey", SecretKey)), database, null);
    }

    private FaultProxy Proxy(int port)
    {
        var proxy = new FaultProxy(port);
        _proxies.Add(proxy);
        return proxy;
    }

    private ShopProcess Process(string program, FaultProxy database, params KeyValuePair<string, string?>[] settings) => new(
        program, new Uri($"http://127.0.0.1:{ShopProcess.FreePort()}"),
        [
            new("Shop:ConnectionString", PostgreSqlServer.At(database.Port) + ";Timeout=3;Command Timeout=5"), new("Shop:Cluster:Secret", "the secret of the chaos suite"),
            new("Shop:Cluster:Lease", Lease.ToString()), new("Shop:Cluster:RenewInterval", "00:00:00.500"), new("Shop:PaymentWindow", "00:00:20"), .. settings,
        ], _need == Need.Clock);
}

/// <summary>A process and the proxies around it: before the database as it sees it, and for a silo before itself.</summary>
public sealed record Node(string Name, ShopProcess Process, FaultProxy Database, FaultProxy? Front);
