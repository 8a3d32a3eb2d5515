using System.Collections.ObjectModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Activations;
using Orleans.Clustering;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Orleans.TestingHost;

/// <summary>What is different about each silo of a test cluster.</summary>
public sealed class InProcessTestSiloSpecificOptions
{
    /// <summary>The silo's name.</summary>
    public string SiloName { get; init; } = "";
}

/// <summary>Makes test clusters.</summary>
public sealed class InProcessTestClusterBuilder(short initialSilosCount)
{
    private readonly List<Action<InProcessTestSiloSpecificOptions, ISiloBuilder>> _configure = [];
    private readonly List<Action<IClientBuilder>> _configureClient = [];

    /// <summary>Adds a configuration of each silo.</summary>
    public InProcessTestClusterBuilder ConfigureSilo(Action<InProcessTestSiloSpecificOptions, ISiloBuilder> configureSiloDelegate)
    {
        _configure.Add(configureSiloDelegate);
        return this;
    }

    /// <summary>Adds a configuration of the client, which a cluster of more than one silo has.</summary>
    public InProcessTestClusterBuilder ConfigureClient(Action<IClientBuilder> configureClientDelegate)
    {
        _configureClient.Add(configureClientDelegate);
        return this;
    }

    /// <summary>The cluster; it still has to be deployed.</summary>
    public InProcessTestCluster Build() => new(_configure, _configureClient, initialSilosCount);
}

/// <summary>A silo of a test cluster.</summary>
public sealed class InProcessSiloHandle
{
    internal InProcessSiloHandle(IHost host, string name) => (SiloHost, Name) = (host, name);

    /// <summary>The silo's name.</summary>
    public string Name { get; }

    /// <summary>The host that it lives in.</summary>
    public IHost SiloHost { get; }

    /// <summary>Its services.</summary>
    public IServiceProvider ServiceProvider => SiloHost.Services;
}

/// <summary>
/// A cluster in the process of a test. One silo is alone and is called directly; more than one speak to each other over
/// connections on loopback and are called by a client.
/// </summary>
public sealed class InProcessTestCluster : IAsyncDisposable
{
    private readonly IReadOnlyList<Action<InProcessTestSiloSpecificOptions, ISiloBuilder>> _configure;
    private readonly MemoryMembershipTable? _table;
    private readonly List<InProcessSiloHandle> _silos = [];
    private readonly IHost? _client;
    private int _started;

    internal InProcessTestCluster(
        IReadOnlyList<Action<InProcessTestSiloSpecificOptions, ISiloBuilder>> configure, IReadOnlyList<Action<IClientBuilder>> configureClient, int silos)
    {
        _configure = configure;
        if (silos > 1) _table = new MemoryMembershipTable();
        for (int i = 0; i < silos; i++) _silos.Add(BuildSilo());
        if (_table is not null) _client = BuildClient(_table, configureClient);
    }

    /// <summary>Calls grains.</summary>
    public IClusterClient Client => (_client ?? _silos[0].SiloHost).Services.GetRequiredService<IClusterClient>();

    /// <summary>The silos, oldest first.</summary>
    public ReadOnlyCollection<InProcessSiloHandle> Silos => _silos.AsReadOnly();

    /// <summary>The services of a silo.</summary>
    public IServiceProvider GetSiloServiceProvider() => _silos[0].ServiceProvider;

    /// <summary>Starts the silos.</summary>
    public async Task DeployAsync()
    {
        foreach (InProcessSiloHandle silo in _silos) await silo.SiloHost.StartAsync();
        if (_client is not null) await _client.StartAsync();
    }

    /// <summary>Adds a silo.</summary>
    public async Task<InProcessSiloHandle> StartAdditionalSiloAsync()
    {
        InProcessSiloHandle silo = BuildSilo();
        await silo.SiloHost.StartAsync();
        _silos.Add(silo);
        return silo;
    }

    /// <summary>Stops a silo as an operator would.</summary>
    public async Task StopSiloAsync(InProcessSiloHandle instance)
    {
        await instance.SiloHost.StopAsync();
        _silos.Remove(instance);
        instance.SiloHost.Dispose();
    }

    /// <summary>Ends a silo as if its process had died; what it runs goes nowhere.</summary>
    public async Task KillSiloAsync(InProcessSiloHandle instance)
    {
        _silos.Remove(instance);
        await instance.ServiceProvider.GetRequiredService<Silo>().Cluster!.AbandonAsync();
    }

    /// <summary>Stops the silos as an operator would.</summary>
    public Task StopAllSilosAsync() => Task.WhenAll(_silos.Select(s => s.SiloHost.StopAsync()));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
        {
            await _client.StopAsync();
            _client.Dispose();
        }

        await StopAllSilosAsync();
        foreach (InProcessSiloHandle silo in _silos) silo.SiloHost.Dispose();
    }

    private static void ConfigureCluster(IServiceCollection services, MemoryMembershipTable table)
    {
        services.AddSingleton<IMembershipTable>(table);
        services.Configure<ClusterMessagingOptions>(o => (o.Secret, o.KeepAliveInterval) = ("a secret of this test cluster", TimeSpan.FromSeconds(1)));
        services.Configure<ClusterMembershipOptions>(o => (o.LeaseDuration, o.RenewInterval) = (TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(200)));
    }

    private static IHost BuildClient(MemoryMembershipTable table, IReadOnlyList<Action<IClientBuilder>> configure)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleansClient(client =>
        {
            ConfigureCluster(client.Services, table);
            foreach (Action<IClientBuilder> action in configure) action(client);
        });
        return builder.Build();
    }

    private InProcessSiloHandle BuildSilo()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        string name = $"silo-{_started++}";
        builder.UseOrleans(silo =>
        {
            if (_table is not null)
            {
                ConfigureCluster(silo.Services, _table);
                silo.Services.Configure<EndpointOptions>(o => (o.SiloName, o.SiloPort) = (name, 0));
            }

            foreach (Action<InProcessTestSiloSpecificOptions, ISiloBuilder> action in _configure) action(new InProcessTestSiloSpecificOptions { SiloName = name }, silo);
        });
        return new InProcessSiloHandle(builder.Build(), name);
    }
}
