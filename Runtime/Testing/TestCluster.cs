using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Activations;
using Orleans.Hosting;

namespace Orleans.TestingHost;

/// <summary>Configures the silos of a test cluster.</summary>
public interface ISiloConfigurator
{
    /// <summary>Configures one silo.</summary>
    void Configure(ISiloBuilder siloBuilder);
}

/// <summary>Makes test clusters.</summary>
public sealed class TestClusterBuilder
{
    private readonly List<Action<ISiloBuilder>> _configure = [];

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

    /// <summary>The cluster; it still has to be deployed.</summary>
    public TestCluster Build() => new(_configure);
}

/// <summary>A cluster in the process of a test.</summary>
public sealed class TestCluster : IAsyncDisposable
{
    private readonly IHost _host;

    internal TestCluster(IEnumerable<Action<ISiloBuilder>> configure)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.UseOrleans(silo =>
        {
            foreach (Action<ISiloBuilder> action in configure) action(silo);
        });
        _host = builder.Build();
    }

    /// <summary>Calls grains.</summary>
    public IGrainFactory GrainFactory => _host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Calls grains.</summary>
    public IClusterClient Client => _host.Services.GetRequiredService<IClusterClient>();

    /// <summary>The services of the silo.</summary>
    public IServiceProvider ServiceProvider => _host.Services;

    /// <summary>The number of activations in memory.</summary>
    public int ActivationCount => _host.Services.GetRequiredService<Silo>().ActivationCount;

    /// <summary>Starts the silos.</summary>
    public Task DeployAsync() => _host.StartAsync();

    /// <summary>Stops the silos as an operator would.</summary>
    public Task StopAllSilosAsync() => _host.StopAsync();

    /// <summary>Ends all activations, so that the next calls meet reloaded grains.</summary>
    public Task DeactivateAllAsync() => _host.Services.GetRequiredService<Silo>().DeactivateAllAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
