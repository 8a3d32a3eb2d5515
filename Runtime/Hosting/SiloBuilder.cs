using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Activations;
using Orleans.Clustering;
using Orleans.Configuration;
using Orleans.Reminders;
using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Storage;
using Orleans.Streams;

namespace Orleans.Runtime
{
    /// <summary>Runs when the silo has started.</summary>
    public interface IStartupTask
    {
        /// <summary>Does the work; a failure stops the start.</summary>
        Task Execute(CancellationToken cancellationToken);
    }
}

namespace Orleans.Hosting
{
    /// <summary>Configures a silo.</summary>
    public interface ISiloBuilder
    {
        /// <summary>The services of the host.</summary>
        IServiceCollection Services { get; }

        /// <summary>The configuration of the host.</summary>
        IConfiguration Configuration { get; }
    }

    internal sealed record SiloBuilder(IServiceCollection Services, IConfiguration Configuration) : ISiloBuilder;

    /// <summary>Adds a silo to a host.</summary>
    public static class OrleansSiloGenericHostExtensions
    {
        /// <summary>Hosts a silo in this process.</summary>
        public static IHostApplicationBuilder UseOrleans(this IHostApplicationBuilder hostAppBuilder, Action<ISiloBuilder> configureDelegate)
        {
            IServiceCollection services = hostAppBuilder.Services;
            services.TryAddSingleton(TimeProvider.System);
            services.AddMetrics();
            services.TryAddSingleton<RuntimeInstruments>();
            services.TryAddSingleton(s => new CallSamples(s.GetRequiredService<GrainManifest>()));
            services.TryAddSingleton(_ => new GrainManifest());
            services.TryAddSingleton<Serializer>();
            services.TryAddSingleton<Silo>();
            services.TryAddSingleton(s => s.GetRequiredService<Silo>().GrainFactory);
            services.TryAddSingleton<IGrainFactory>(s => s.GetRequiredService<Silo>().GrainFactory);
            services.TryAddSingleton<IClusterClient>(s => s.GetRequiredService<Silo>().GrainFactory);
            services.AddOptions<SiloMessagingOptions>()
                .Validate(o => o.ResponseTimeout > TimeSpan.Zero, "SiloMessagingOptions.ResponseTimeout must be positive, for instance 00:00:30.")
                .Validate(o => o.MaxEnqueuedRequestsHardLimit > 0, "SiloMessagingOptions.MaxEnqueuedRequestsHardLimit must be positive, for instance 50000.")
                .ValidateOnStart();
            services.AddClusterOptions();
            services.AddOptions<GrainCollectionOptions>()
                .Validate(o => o.CollectionAge > TimeSpan.Zero, "GrainCollectionOptions.CollectionAge must be positive, for instance 00:15:00.")
                .Validate(o => o.CollectionQuantum > TimeSpan.Zero, "GrainCollectionOptions.CollectionQuantum must be positive, for instance 00:01:00.")
                .ValidateOnStart();
            var builder = new SiloBuilder(services, hostAppBuilder.Configuration);
            configureDelegate(builder);
            services.AddHostedService(s => s.GetRequiredService<Silo>());
            return hostAppBuilder;
        }
    }

    /// <summary>Configures a process that calls the grains of a cluster and has none itself.</summary>
    public interface IClientBuilder
    {
        /// <summary>The services of the host.</summary>
        IServiceCollection Services { get; }

        /// <summary>The configuration of the host.</summary>
        IConfiguration Configuration { get; }
    }

    internal sealed record ClientBuilder(IServiceCollection Services, IConfiguration Configuration) : IClientBuilder;

    /// <summary>Adds a client of a cluster to a host.</summary>
    public static class OrleansClientGenericHostExtensions
    {
        /// <summary>Calls grains of a cluster from this process.</summary>
        public static IHostApplicationBuilder UseOrleansClient(this IHostApplicationBuilder hostAppBuilder, Action<IClientBuilder> configureDelegate)
        {
            IServiceCollection services = hostAppBuilder.Services;
            services.TryAddSingleton(_ => new GrainManifest());
            services.TryAddSingleton<ClusterClient>();
            services.TryAddSingleton<IGrainFactory>(s => s.GetRequiredService<ClusterClient>().GrainFactory);
            services.TryAddSingleton<IClusterClient>(s => s.GetRequiredService<ClusterClient>().GrainFactory);
            services.TryAddSingleton<IClusterHealth>(s => new ClusterHealth(s.GetRequiredService<ClusterClient>().Membership, null));
            services.AddOptions<ClientMessagingOptions>();
            services.AddClusterOptions();
            configureDelegate(new ClientBuilder(services, hostAppBuilder.Configuration));
            services.AddHostedService(s => s.GetRequiredService<ClusterClient>());
            return hostAppBuilder;
        }

        /// <summary>Finds the silos in a database: PostgreSQL.</summary>
        public static IClientBuilder UseAdoNetClustering(this IClientBuilder builder, Action<AdoNetClusteringClientOptions> configureOptions)
        {
            builder.Services.AddOptions<AdoNetClusteringClientOptions>().Configure(configureOptions);
            builder.Services.AddMembershipTable<AdoNetClusteringClientOptions>();
            return builder;
        }

        internal static void AddMembershipTable<TOptions>(this IServiceCollection services)
            where TOptions : AdoNetClusteringSiloOptions
        {
            services.AddSingleton<IMembershipTable>(s => new AdoNetMembershipTable(s.GetRequiredService<IOptions<TOptions>>().Value, s.GetRequiredService<ClusterClock>()));
            // All processes of a cluster have the time of its database.
            services.AddSingleton<ClusterClock>();
            services.Replace(ServiceDescriptor.Singleton<TimeProvider>(s => s.GetRequiredService<ClusterClock>()));
        }

        internal static void AddClusterOptions(this IServiceCollection services)
        {
            services.AddOptions<EndpointOptions>()
                .Validate(o => o.SiloPort is >= 0 and <= 65535, "EndpointOptions.SiloPort must be a port, for instance 11111.")
                .Validate(o => System.Net.IPAddress.TryParse(o.ListenAddress, out _), "EndpointOptions.ListenAddress must be an address, for instance 0.0.0.0.");
            services.AddOptions<ClusterMembershipOptions>()
                .Validate(o => o.RenewInterval > TimeSpan.Zero && o.RenewInterval * 3 <= o.LeaseDuration,
                    "ClusterMembershipOptions.RenewInterval must be positive and at most a third of LeaseDuration, for instance 00:00:01 and 00:00:05.");
            services.AddOptions<ClusterMessagingOptions>()
                .Validate(o => o.Secret.Length >= 16, "ClusterMessagingOptions.Secret must have at least 16 characters, for instance the output of: openssl rand -hex 24.")
                .Validate(o => o.CertificatePath is null || (o.CertificateKeyPath is not null && o.AuthorityPath is not null),
                    "ClusterMessagingOptions.CertificatePath needs CertificateKeyPath and AuthorityPath.");
        }
    }

    /// <summary>What a silo can be given.</summary>
    public static class SiloBuilderExtensions
    {
        /// <summary>One silo, alone.</summary>
        public static ISiloBuilder UseLocalhostClustering(this ISiloBuilder builder) => builder;

        /// <summary>One silo of many, which find each other in a database: PostgreSQL.</summary>
        public static ISiloBuilder UseAdoNetClustering(this ISiloBuilder builder, Action<AdoNetClusteringSiloOptions> configureOptions)
        {
            builder.Services.AddOptions<AdoNetClusteringSiloOptions>().Configure(configureOptions);
            builder.Services.AddMembershipTable<AdoNetClusteringSiloOptions>();
            builder.Services.AddSingleton<IClusterHealth>(s => new ClusterHealth(s.GetRequiredService<Silo>().Cluster!.Membership, s.GetRequiredService<Silo>()));
            return builder;
        }

        /// <summary>Sets options.</summary>
        public static ISiloBuilder Configure<TOptions>(this ISiloBuilder builder, Action<TOptions> configureOptions)
            where TOptions : class
        {
            builder.Services.Configure(configureOptions);
            return builder;
        }

        /// <summary>Grain storage in memory, lost with the process.</summary>
        public static ISiloBuilder AddMemoryGrainStorage(this ISiloBuilder builder, string name)
        {
            builder.Services.AddKeyedSingleton<IGrainStorage>(name, new MemoryGrainStorage());
            return builder;
        }

        /// <summary>Grain storage in SQLite or PostgreSQL.</summary>
        public static ISiloBuilder AddAdoNetGrainStorage(this ISiloBuilder builder, string name, Action<AdoNetGrainStorageOptions> configureOptions)
        {
            builder.Services.AddOptions<AdoNetGrainStorageOptions>(name).Configure(configureOptions)
                .Validate(o => o.Invariant.Length > 0, $"Grain storage '{name}' needs an invariant, for instance Npgsql.")
                .Validate(o => o.ConnectionString.Length > 0, $"Grain storage '{name}' needs a connection string, for instance Host=localhost;Database=shop.")
                .ValidateOnStart();
            builder.Services.AddKeyedSingleton<IGrainStorage>(name,
                (s, _) =>
                {
                    AdoNetGrainStorageOptions options = s.GetRequiredService<IOptionsMonitor<AdoNetGrainStorageOptions>>().Get(name);
                    return new AdoNetGrainStorage(options.Invariant, options.ConnectionString);
                });
            return builder;
        }

        /// <summary>Reminders in memory, lost with the process.</summary>
        public static ISiloBuilder UseInMemoryReminderService(this ISiloBuilder builder)
        {
            builder.Services.AddSingleton<IReminderTable, MemoryReminderTable>();
            return builder.AddReminders();
        }

        /// <summary>Reminders in SQLite or PostgreSQL.</summary>
        public static ISiloBuilder UseAdoNetReminderService(this ISiloBuilder builder, Action<AdoNetReminderTableOptions> configureOptions)
        {
            builder.Services.AddOptions<AdoNetReminderTableOptions>().Configure(configureOptions)
                .Validate(o => o.Invariant.Length > 0 && o.ConnectionString.Length > 0, "Reminders need an invariant and a connection string.")
                .ValidateOnStart();
            builder.Services.AddSingleton<IReminderTable>(s =>
            {
                AdoNetReminderTableOptions options = s.GetRequiredService<IOptions<AdoNetReminderTableOptions>>().Value;
                return new AdoNetReminderTable(options.Invariant, options.ConnectionString);
            });
            return builder.AddReminders();
        }

        /// <summary>Streams in memory, lost with the process.</summary>
        public static ISiloBuilder AddMemoryStreams(this ISiloBuilder builder, string name) => builder.AddPersistentStreams(name, _ => new MemoryStreamSource());

        /// <summary>Streams of a source, brought to the grains that subscribe to their namespace.</summary>
        public static ISiloBuilder AddPersistentStreams(
            this ISiloBuilder builder, string name, Func<IServiceProvider, IStreamSource> source, Action<StreamPullingAgentOptions>? configureOptions = null)
        {
            builder.Services.AddOptions<StreamPullingAgentOptions>(name).Configure(configureOptions ?? (_ => { }))
                .Validate(o => o.BatchItemsMax > 0, $"Streams '{name}' need a BatchItemsMax above 0, for instance 500.")
                .Validate(o => o.RetryDelayMin > TimeSpan.Zero && o.RetryDelayMax >= o.RetryDelayMin, $"Streams '{name}' need retry delays, for instance 00:00:00.1 and 00:00:10.")
                .Validate(o => o.DivideInterval > TimeSpan.Zero, $"Streams '{name}' need a DivideInterval, for instance 00:00:01.")
                .ValidateOnStart();
            builder.Services.AddKeyedSingleton(name, (s, _) => source(s));
            builder.Services.AddKeyedSingleton<IStreamProvider>(name, (s, _) => new StreamProvider(name, s.GetRequiredKeyedService<IStreamSource>(name)));
            builder.Services.AddSingleton<IHostedService>(s => new StreamPullingService(
                name, s.GetRequiredKeyedService<IStreamSource>(name), s.GetRequiredService<Silo>(), s.GetRequiredService<GrainManifest>(),
                s.GetRequiredService<IOptionsMonitor<StreamPullingAgentOptions>>().Get(name)));
            return builder;
        }

        /// <summary>Adds a filter around every call that grains of this silo take.</summary>
        public static ISiloBuilder AddIncomingGrainCallFilter<TFilter>(this ISiloBuilder builder)
            where TFilter : class, IIncomingGrainCallFilter
        {
            builder.Services.AddSingleton<IIncomingGrainCallFilter, TFilter>();
            return builder;
        }

        /// <summary>Adds a filter around every call that is made from this process.</summary>
        public static ISiloBuilder AddOutgoingGrainCallFilter<TFilter>(this ISiloBuilder builder)
            where TFilter : class, IOutgoingGrainCallFilter
        {
            builder.Services.AddSingleton<IOutgoingGrainCallFilter, TFilter>();
            return builder;
        }

        /// <summary>Runs work when the silo has started.</summary>
        public static ISiloBuilder AddStartupTask<TStartup>(this ISiloBuilder builder)
            where TStartup : class, IStartupTask
        {
            builder.Services.AddSingleton<IStartupTask, TStartup>();
            return builder;
        }

        /// <summary>Reminders, in the table that the services have.</summary>
        public static ISiloBuilder AddReminders(this ISiloBuilder builder)
        {
            builder.Services.AddSingleton<ReminderService>();
            builder.Services.AddSingleton<IReminderService>(s => s.GetRequiredService<ReminderService>());
            builder.Services.AddHostedService(s => s.GetRequiredService<ReminderService>());
            return builder;
        }
    }
}
