using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Activations;
using Orleans.Clustering;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Orleans.TestingHost;

/// <summary>Configures the silos of a test cluster.</summary>
public interface ISiloConfigurator
{
    /// <summary>Configures one silo.</summary>
    void Configure(ISiloBuilder siloBuilder);
}

/// <summary>Makes test clusters.</summary>
public sealed class TestClusterBuilder(short initialSilosCount = 1)
{
    private readonly List<Action<ISiloBuilder>> _configure = [];
    private readonly List<Action<IClientBuilder>> _configureClient = [];

    /// <summary>Adds a configurator.</summary>
    public TestClusterBuilder AddSiloBuilderConfigurator<TSiloBuilder>()
        where TSiloBuilder : ISiloConfigurator, new()
    {
        _configure.Add(builder => new TSiloBuilder().Configure(builder));
        return this;
    }

    /// <summary>Adds a configuration that a test wrote in place.</summary>
    public TestClusterBuilder ConfigureSilo(Action<ISiloBuilder> configure)
    {
        _configure.Add(configure);
        return this;
    }

    /// <summary>Adds a configuration of the client, which a cluster of more than one silo has.</summary>
    public TestClusterBuilder ConfigureClient(Action<IClientBuilder> configure)
    {
        _configureClient.Add(configure);
        return this;
    }

    /// <summary>The cluster; it still has to be deployed.</summary>
    public TestCluster Build() => new(_configure, _configureClient, initialSilosCount);
}

/// <summary>
/// A cluster in the process of a test. One silo is alone and is called directly; more than one speak to each other over
/// connections on loopback and are called by a client.
/// </summary>
public sealed class TestCluster : IAsyncDisposable
{
    private readonly IReadOnlyList<Action<ISiloBuilder>> _configure;
    private readonly MemoryMembershipTable? _table;
    private readonly List<IHost> _silos = [];
    private readonly IHost? _client;
    private int _started;

    internal TestCluster(IReadOnlyList<Action<ISiloBuilder>> configure, IReadOnlyList<Action<IClientBuilder>> configureClient, int silos)
    {
        _configure = configure;
        if (silos > 1) _table = new MemoryMembershipTable();
        for (int i = 0; i < silos; i++) _silos.Add(BuildSilo());
        if (_table is not null) _client = BuildClient(_table, configureClient);
    }

    /// <summary>Calls grains.</summary>
    public IGrainFactory GrainFactory => Caller.GetRequiredService<IGrainFactory>();

    /// <summary>Calls grains.</summary>
    public IClusterClient Client => Caller.GetRequiredService<IClusterClient>();

    /// <summary>The services of the first silo.</summary>
    public IServiceProvider ServiceProvider => _silos[0].Services;

    /// <summary>The number of activations in memory.</summary>
    public int ActivationCount => ActivationCounts.Sum();

    /// <summary>The number of activations of each silo.</summary>
    public IReadOnlyList<int> ActivationCounts => [.. _silos.Select(s => s.Services.GetRequiredService<Silo>().ActivationCount)];

    private IServiceProvider Caller => (_client ?? _silos[0]).Services;

    /// <summary>Starts the silos.</summary>
    public async Task DeployAsync()
    {
        foreach (IHost silo in _silos) await silo.StartAsync();
        if (_client is not null) await _client.StartAsync();
    }

    /// <summary>Adds a silo.</summary>
    public async Task StartAdditionalSiloAsync()
    {
        IHost silo = BuildSilo();
        await silo.StartAsync();
        _silos.Add(silo);
    }

    /// <summary>Stops a silo as an operator would.</summary>
    public async Task StopSiloAsync(int index)
    {
        IHost silo = _silos[index];
        await silo.StopAsync();
        _silos.RemoveAt(index);
        silo.Dispose();
    }

    /// <summary>Ends a silo as if its process had died; what it runs goes nowhere.</summary>
    public async Task KillSiloAsync(int index)
    {
        IHost silo = _silos[index];
        _silos.RemoveAt(index);
        await silo.Services.GetRequiredService<Silo>().Cluster!.AbandonAsync();
    }

    /// <summary>Stops the silos as an operator would.</summary>
    public Task StopAllSilosAsync() => Task.WhenAll(_silos.Select(s => s.StopAsync()));

    /// <summary>Ends all activations, so that the next calls meet reloaded grains.</summary>
    public Task DeactivateAllAsync() => Task.WhenAll(_silos.Select(s => s.Services.GetRequiredService<Silo>().DeactivateAllAsync()));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
        {
            await _client.StopAsync();
            _client.Dispose();
        }

        await StopAllSilosAsync();
        foreach (IHost silo in _silos) silo.Dispose();
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

    private IHost BuildSilo()
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

            foreach (Action<ISiloBuilder> action in _configure) action(silo);
        });
        return builder.Build();
    }
}
