using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Shop.Hosting;

/// <summary>Puts a process into a cluster.</summary>
internal static class ShopClusterExtensions
{
    public static void UseShopCluster(this ISiloBuilder silo, ShopOptions settings)
    {
        (string invariant, string connectionString) = Membership(settings);
        silo.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = (invariant, connectionString));
        silo.Services.Configure<EndpointOptions>(o =>
            (o.SiloName, o.ListenAddress, o.AdvertisedHost, o.SiloPort, o.AdvertisedPort) =
                (settings.Cluster.Name, settings.Cluster.ListenAddress, settings.Cluster.Host, settings.Cluster.Port, settings.Cluster.AdvertisedPort));
        Configure(silo.Services, settings.Cluster);
    }

    public static void UseShopCluster(this IClientBuilder client, ShopOptions settings)
    {
        (string invariant, string connectionString) = Membership(settings);
        client.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = (invariant, connectionString));
        Configure(client.Services, settings.Cluster);
    }

    // A pool of its own, so that a lease never waits behind the shop's work.
    private static (string Invariant, string ConnectionString) Membership(ShopOptions settings)
    {
        (string invariant, string connectionString) = ShopSiloExtensions.Database(settings);
        if (!settings.IsPostgreSql) return (invariant, connectionString);
        var own = new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = "shop-membership", MaxPoolSize = 2, Timeout = Math.Max(1, (int)settings.Cluster.Lease.TotalSeconds) };
        return (invariant, own.ToString());
    }

    private static void Configure(IServiceCollection services, ShopClusterOptions cluster)
    {
        services.Configure<ClusterMembershipOptions>(o => (o.LeaseDuration, o.RenewInterval) = (cluster.Lease, cluster.RenewInterval));
        services.Configure<ClusterMessagingOptions>(o =>
            (o.Secret, o.CertificatePath, o.CertificateKeyPath, o.AuthorityPath) = (cluster.Secret ?? "", cluster.Certificate, cluster.CertificateKey, cluster.Authority));
    }
}
