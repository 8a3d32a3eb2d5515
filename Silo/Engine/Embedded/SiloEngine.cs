using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Orleans.Clustering;
using Orleans.Configuration;
using Orleans.Hosting;
using Shop.Hosting;
using Shop.Journaling;
using Shop.Streams;

namespace Shop.Engine;

/// <summary>The embedded runtime under the grains.</summary>
internal static class SiloEngine
{
    /// <summary>Adds a silo, which has its snapshots and reminders in the shop's database.</summary>
    public static void AddSilo(IHostApplicationBuilder builder, ShopOptions settings)
    {
        (string invariant, string connectionString) = ShopSiloExtensions.Database(settings);
        builder.UseOrleans(silo =>
        {
            // Thousands of orders a second come and are done with: looked through often, they go in small numbers and at even times.
            silo.Services.Configure<GrainCollectionOptions>(o => o.CollectionQuantum = TimeSpan.FromSeconds(10));
            if (settings.Silo == SiloKind.Cluster) UseCluster(silo, settings);
            else silo.UseLocalhostClustering();
            silo.AddAdoNetGrainStorage(JournalServices.SnapshotStorage, o => (o.Invariant, o.ConnectionString) = (invariant, connectionString));
            silo.UseAdoNetReminderService(o => (o.Invariant, o.ConnectionString) = (invariant, connectionString));
            silo.AddPersistentStreams(JournalStreams.Provider, s => new JournalStreamFeed(s.GetRequiredService<JournalStreamSource>()), o => o.BatchItemsMax = 1_000);
        });
        builder.Services.AddSingleton<ICallSamples, EmbeddedCallSamples>();
    }

    /// <summary>Adds a client of a cluster of silos.</summary>
    public static void AddClient(IHostApplicationBuilder builder, ShopOptions settings) => builder.UseOrleansClient(client =>
    {
        (string invariant, string connectionString) = Membership(settings);
        client.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = (invariant, connectionString));
        Configure(client.Services, settings.Cluster);
    });

    /// <summary>What the engine shows of itself beside the shop's own pages: nothing.</summary>
    public static void Map(IEndpointRouteBuilder routes) => ArgumentNullException.ThrowIfNull(routes);

    private static void UseCluster(ISiloBuilder silo, ShopOptions settings)
    {
        (string invariant, string connectionString) = Membership(settings);
        silo.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = (invariant, connectionString));
        silo.Services.Configure<EndpointOptions>(o =>
            (o.SiloName, o.ListenAddress, o.AdvertisedHost, o.SiloPort, o.AdvertisedPort) =
                (settings.Cluster.Name, settings.Cluster.ListenAddress, settings.Cluster.Host, settings.Cluster.Port, settings.Cluster.AdvertisedPort));
        Configure(silo.Services, settings.Cluster);
    }

    // A pool of its own, so that a lease never waits behind the shop's work, and no wait for an answer that would come too late.
    private static (string Invariant, string ConnectionString) Membership(ShopOptions settings)
    {
        (string invariant, string connectionString) = ShopSiloExtensions.Database(settings);
        if (!settings.IsPostgreSql) return (invariant, connectionString);
        int seconds = Math.Max(1, (int)settings.Cluster.Lease.TotalSeconds);
        var own = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = "shop-membership",
            MaxPoolSize = 2,
            Timeout = seconds,
            CommandTimeout = seconds,
            CancellationTimeout = -1,
        };
        return (invariant, own.ToString());
    }

    private static void Configure(IServiceCollection services, ShopClusterOptions cluster)
    {
        services.Configure<ClusterMembershipOptions>(o => (o.LeaseDuration, o.RenewInterval) = (cluster.Lease, cluster.RenewInterval));
        services.Configure<ClusterMessagingOptions>(o =>
            (o.Secret, o.CertificatePath, o.CertificateKeyPath, o.AuthorityPath) = (cluster.Secret ?? "", cluster.Certificate, cluster.CertificateKey, cluster.Authority));
        services.AddSingleton<IEngineState, EmbeddedState>();
    }
}
