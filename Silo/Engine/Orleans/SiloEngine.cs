using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans;
using Orleans.Clustering;
using Orleans.Configuration;
using Orleans.Dashboard;
using Orleans.Hosting;
using Orleans.Reminders;
using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Storage;
using Orleans.Streams;
using Polly;
using Shop.Hosting;
using Shop.Journaling;
using Shop.Streams;

namespace Shop.Engine;

/// <summary>Microsoft Orleans under the grains.</summary>
internal static partial class SiloEngine
{
    private const string Service = "shop";

    // As many calls wait at one grain before it answers that it is busy.
    private const int CallsWaitingMax = 50_000;

    /// <summary>Adds a silo. Snapshots and reminders are in the tables that they are in under the embedded runtime.</summary>
    public static void AddSilo(IHostApplicationBuilder builder, ShopOptions settings)
    {
        (string invariant, string connectionString) = ShopSiloExtensions.Database(settings);
        builder.UseOrleans(silo =>
        {
            silo.Services.Configure<ClusterOptions>(o => (o.ServiceId, o.ClusterId) = (Service, ClusterId(settings)));
            silo.Services.Configure<GrainCollectionOptions>(o => o.CollectionQuantum = TimeSpan.FromSeconds(10));
            silo.Services.Configure<SiloMessagingOptions>(o => o.MaxEnqueuedRequestsHardLimit = CallsWaitingMax);
            silo.AddActivityPropagation();
            AddErrors(silo.Services);
            silo.AddOutgoingGrainCallFilter(call => PlacedInTime(call.Invoke));
            if (settings.Silo == SiloKind.Cluster) UseCluster(silo, settings);
            else silo.UseLocalhostClustering(siloPort: FreePort(), gatewayPort: 0, serviceId: Service, clusterId: ClusterId(settings));
            // By default a grain stays where it is asked for first, and a silo that joins would be asked for none.
            silo.Services.AddSingleton<PlacementStrategy, RandomPlacement>();
            silo.Services.AddKeyedSingleton<IGrainStorage>(JournalServices.SnapshotStorage, new AdoNetGrainStorage(invariant, connectionString));
            silo.AddReminders();
            silo.Services.AddSingleton<IReminderTable>(new AdoNetReminderTable(invariant, connectionString));
            silo.AddPersistentStreams(
                JournalStreams.Provider,
                (s, name) => new JournalQueueAdapter(name, s.GetRequiredService<JournalStreamSource>(), s.GetRequiredService<ILogger<JournalQueueAdapter>>()),
                streams =>
                {
                    streams.ConfigureStreamPubSub(StreamPubSubType.ImplicitOnly);
                    streams.ConfigureBackoffProvider((_, _) => new DeliveryBackoff());
                    streams.ConfigurePullingAgent(agent => agent.Configure(o => o.GetQueueMsgsTimerPeriod = TimeSpan.FromMilliseconds(50)));
                });
            // The one that counts is the one that is asked.
            silo.Services.AddSingleton<CallFigures>();
            silo.Services.AddSingleton<IIncomingGrainCallFilter>(s => s.GetRequiredService<CallFigures>());
            silo.Services.AddSingleton<ICallSamples>(s => s.GetRequiredService<CallFigures>());
            silo.Services.AddSingleton<ActivationFigures>();
            silo.Services.AddSingleton<IConfigureGrainContextProvider>(s => s.GetRequiredService<ActivationFigures>());
            silo.AddDashboard();
            AddEventHubs(silo, builder.Configuration);
        });
    }

    /// <summary>Adds a client of a cluster of silos.</summary>
    public static void AddClient(IHostApplicationBuilder builder, ShopOptions settings) => builder.UseOrleansClient(client =>
    {
        RefuseTls(settings);
        client.Services.Configure<ClusterOptions>(o => (o.ServiceId, o.ClusterId) = (Service, ClusterId(settings)));
        (string invariant, string connectionString) = Membership(settings);
        client.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = (invariant, connectionString));
        client.Services.Configure<GatewayOptions>(o => o.GatewayListRefreshPeriod = settings.Cluster.RenewInterval);
        AddClock(client.Services, settings);
        AddErrors(client.Services);
        client.AddOutgoingGrainCallFilter(call => PlacedInTime(call.Invoke));
        client.AddActivityPropagation();
        var state = new ClientState();
        client.Services.AddSingleton<IEngineState>(state);
        client.AddGatewayCountChangedHandler((_, e) => state.Gateways = e.NumberOfConnectedGateways);
        client.AddClusterConnectionLostHandler((_, _) => state.Gateways = 0);
        // Silos may come later than gateways.
        client.UseConnectionRetryFilter(async (_, cancellation) =>
        {
            await Task.Delay(settings.Cluster.RenewInterval, cancellation);
            return true;
        });
    });

    /// <summary>What the engine shows of itself beside the shop's own pages, where operators of a silo look: Orleans' dashboard at <c>/orleans</c>.</summary>
    public static void Map(IEndpointRouteBuilder routes) => routes.MapOrleansDashboard("/orleans");

    // Of a build with -p:EventHubs=true; nothing otherwise.
    static partial void AddEventHubs(ISiloBuilder silo, IConfiguration configuration);

    /// <summary>Errors of the shop, and of its database within them, come to a caller in another process as what they are; Orleans knows those of the framework only.</summary>
    internal static void AddErrors(IServiceCollection services) => services.Configure<ExceptionSerializationOptions>(o =>
    {
        o.SupportedNamespacePrefixes.Add("Shop");
        o.SupportedNamespacePrefixes.Add("Npgsql");
        o.SupportedNamespacePrefixes.Add("Polly");
    });

    /// <summary>Makes a call. One for which Orleans found no silo in time fails there with an exception of the library that measures the time; for its caller it has timed out.</summary>
    internal static async Task PlacedInTime(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (ExecutionRejectedException e)
        {
            throw new TimeoutException("No silo took the call in time.", e);
        }
    }

    // What was asked for and is not done must not look as if it were.
    private static void RefuseTls(ShopOptions settings)
    {
        if (settings.Cluster.Certificate is not null)
            throw new StartException("Shop:Cluster:Certificate has no effect on Orleans yet; remove it and keep the ports of silos in a network of their own, or use the embedded engine.");
    }

    private static void UseCluster(ISiloBuilder silo, ShopOptions settings)
    {
        RefuseTls(settings);
        (string invariant, string connectionString) = Membership(settings);
        ShopClusterOptions cluster = settings.Cluster;
        silo.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = (invariant, connectionString));
        // Before the silo, which reads the table when it starts.
        silo.Services.Insert(0, ServiceDescriptor.Singleton<IHostedService>(new MembershipSchema(connectionString)));
        silo.Services.Configure<SiloOptions>(o => o.SiloName = cluster.Name ?? $"{Dns.GetHostName()}-{Environment.ProcessId}");
        int port = cluster.Port > 0 ? cluster.Port : FreePort(), gatewayPort = FreePort();
        silo.Services.Configure<EndpointOptions>(o =>
        {
            IPAddress listen = IPAddress.Parse(cluster.ListenAddress);
            o.AdvertisedIPAddress = cluster.Host is { } host ? Dns.GetHostAddresses(host, AddressFamily.InterNetwork).First() : listen;
            (o.SiloPort, o.GatewayPort) = (cluster.AdvertisedPort ?? port, gatewayPort);
            (o.SiloListeningEndpoint, o.GatewayListeningEndpoint) = (new IPEndPoint(listen, port), new IPEndPoint(listen, gatewayPort));
        });
        // A silo that is silent for as long as a lease is taken for dead.
        silo.Services.Configure<ClusterMembershipOptions>(o =>
        {
            o.NumMissedProbesLimit = 3;
            o.ProbeTimeout = cluster.Lease / o.NumMissedProbesLimit;
            o.TableRefreshTimeout = cluster.Lease;
            o.IAmAliveTablePublishTimeout = cluster.Lease;
            o.NumVotesForDeathDeclaration = 1;
            o.EnableIndirectProbes = false;
        });
        silo.Services.AddSingleton<IEngineState, SiloState>();
        AddClock(silo.Services, settings);
    }

    // All processes of a cluster have the time of its database.
    private static void AddClock(IServiceCollection services, ShopOptions settings)
    {
        var clock = new ClusterClock();
        services.Replace(ServiceDescriptor.Singleton<TimeProvider>(clock));
        services.Insert(0, ServiceDescriptor.Singleton<IHostedService>(new ClockKeeper(clock, Membership(settings).ConnectionString, settings.Cluster.RenewInterval)));
    }

    // Whoever does not know the secret is of another cluster: silos refuse connections that name another one than theirs.
    private static string ClusterId(ShopOptions settings) => settings.Silo == SiloKind.Cluster
        ? $"{Service}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(settings.Cluster.Secret ?? "")))[..32]}"
        : Service;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    // A pool of its own, so that membership never waits behind the shop's work.
    private static (string Invariant, string ConnectionString) Membership(ShopOptions settings)
    {
        (string invariant, string connectionString) = ShopSiloExtensions.Database(settings);
        if (!settings.IsPostgreSql) return (invariant, connectionString);
        var own = new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = "shop-membership", MaxPoolSize = 2, Timeout = Math.Max(1, (int)settings.Cluster.Lease.TotalSeconds) };
        return (invariant, own.ToString());
    }
}
