using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Carts;
using Shop.Catalog;
using Shop.Dashboard;
using Shop.Engine;
using Shop.Feed;
using Shop.Journal;
using Shop.Journaling;
using Shop.Metrics;
using Shop.Orders;
using Shop.Payments;
using Shop.Search;
using Shop.Streams;

namespace Shop.Hosting;

/// <summary>Puts a silo together from the settings.</summary>
public static class ShopSiloExtensions
{
    private const string SqliteInvariant = "Microsoft.Data.Sqlite";
    private const string PostgreSqlInvariant = "Npgsql";

    /// <summary>Adds the settings under <c>Shop</c>, checked at start.</summary>
    public static IServiceCollection AddShopOptions(this IServiceCollection services)
    {
        services.AddOptions<ShopOptions>().BindConfiguration(ShopOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ShopOptions>, ShopOptionsValidation>());
        return services;
    }

    /// <summary>Adds a silo with the journal, the grains and everything that they need.</summary>
    public static IHostApplicationBuilder AddShopSilo(this IHostApplicationBuilder builder)
    {
        IServiceCollection services = builder.Services;
        services.AddShopOptions();
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddOptions<JournalOptions>().BindConfiguration("Shop:Journal");
        services.AddOptions<PaymentOptions>().Configure<IOptions<ShopOptions>>((o, shop) =>
            (o.ProviderTimeout, o.PaymentWindow) = (shop.Value.PaymentTimeout, shop.Value.PaymentWindow));
        services.AddOptions<OrderOptions>().Configure<IOptions<ShopOptions>>((o, shop) => o.DefaultCurrency = shop.Value.DefaultCurrency);
        services.AddOptions<CartOptions>().Configure<IOptions<ShopOptions>>((o, shop) => o.Lifetime = shop.Value.CartLifetime);

        services.AddSingleton<MetricsCollector>();
        services.AddHostedService<ShopTracing>();
        services.AddSingleton<JournalInstruments>();
        services.AddSingleton(s => CreateStore(s.GetRequiredService<IOptions<ShopOptions>>().Value));
        services.AddSingleton<JournalNews>();
        services.AddSingleton<JournalWriter>();
        services.AddSingleton<JournalServices>();
        services.AddSingleton(s => CreateProjectionStore(s.GetRequiredService<IOptions<ShopOptions>>().Value));
        services.AddSingleton<IProjectionStore>(s => s.GetRequiredService<AdoNetProjectionStore>());
        services.AddSingleton<ISearchIndex, AdoNetSearchIndex>();
        services.AddSingleton<ProjectionInstruments>();
        services.AddSingleton<CrowdWatch>();
        services.AddSingleton<RecentOrders>();
        services.AddSingleton<ProjectionServices>();
        services.AddSingleton<JournalStreamSource>();
        services.AddSingleton<IEventReader>(s => s.GetRequiredService<JournalStreamSource>());
        services.TryAddSingleton<IPaymentProvider, TestPaymentProvider>();
        services.AddHostedService<DataDirectoryLock>();
        // Before the silo, so that it starts first and stops last: grains write until the very end.
        services.AddHostedService(s => s.GetRequiredService<JournalWriter>());

        ShopOptions settings = Settings(builder);
        SiloEngine.AddSilo(builder, settings);
        services.AddHostedService<RecoveryWatch>();
        services.AddHostedService<DatabaseAdvice>();
        services.AddHostedService<SiloReporter>();
        services.AddSingleton<Readiness>();
        return builder;
    }

    /// <summary>Adds a client of a cluster of silos, for a process that has no grains of its own.</summary>
    public static IHostApplicationBuilder AddShopClient(this IHostApplicationBuilder builder)
    {
        builder.Services.AddShopOptions();
        builder.Services.TryAddSingleton(TimeProvider.System);
        ShopOptions settings = Settings(builder);
        SiloEngine.AddClient(builder, settings);
        builder.Services.AddMetrics();
        builder.Services.AddSingleton<MetricsCollector>();
        builder.Services.AddHostedService<ShopTracing>();
        builder.Services.AddSingleton<Readiness>();
        return builder;
    }

    /// <summary>Adds what the settings say: a silo in this process, or a client of a cluster.</summary>
    public static IHostApplicationBuilder AddShop(this IHostApplicationBuilder builder) =>
        Settings(builder).Silo == SiloKind.Cluster ? builder.AddShopClient() : builder.AddShopSilo();

    /// <summary>The journal of the settings.</summary>
    public static IJournalStore CreateStore(ShopOptions options)
    {
        string connectionString = Database(options).ConnectionString;
        return options.IsPostgreSql ? new PostgreSqlJournalStore(connectionString) : new SqliteJournalStore(connectionString);
    }

    /// <summary>The projections of the settings.</summary>
    public static AdoNetProjectionStore CreateProjectionStore(ShopOptions options)
    {
        // Projections need no flush of their own: what a crash takes from them is made again from the journal. On SQLite they have a
        // file of their own, so that they never keep the journal waiting for the lock.
        string connectionString = Database(options).ConnectionString;
        if (!options.IsPostgreSql) return new AdoNetProjectionStore(ProjectionDatabase.Sqlite(new SqliteConnectionStringBuilder { DataSource = Path.Combine(options.DataDirectory, "projections.db") }.ToString()));
        var relaxed = new NpgsqlConnectionStringBuilder(connectionString);
        relaxed.Options = $"{relaxed.Options} -c synchronous_commit=off {PostgreSqlJournalStore.FreshPlans}".Trim();
        if (relaxed.MaxAutoPrepare == 0) relaxed.MaxAutoPrepare = 20;
        relaxed.AutoPrepareMinUsages = 2;
        // Few at a time are as fast as many, and leave the connections to those for whom somebody waits.
        relaxed.MaxPoolSize = Math.Min(relaxed.MaxPoolSize, options.Silo == SiloKind.Cluster ? 4 : 8);
        relaxed.ConnectionIdleLifetime = 30;
        return new AdoNetProjectionStore(ProjectionDatabase.PostgreSql(relaxed.ToString()));
    }

    /// <summary>The settings as they are before the host is built; they are checked when it starts.</summary>
    internal static ShopOptions Settings(IHostApplicationBuilder builder)
    {
        // Processes on a developer's machine find each other without a word; anywhere else the secret has to be set.
        if (builder.Environment.IsDevelopment() && string.IsNullOrEmpty(builder.Configuration["Shop:Cluster:Secret"]))
            builder.Configuration["Shop:Cluster:Secret"] = "development-only-secret";
        return builder.Configuration.GetSection(ShopOptions.Section).Get<ShopOptions>() ?? new ShopOptions();
    }

    /// <summary>The database of the settings, as ADO.NET names it.</summary>
    internal static (string Invariant, string ConnectionString) Database(ShopOptions options)
    {
        if (!options.IsPostgreSql)
        {
            SQLitePCL.Batteries_V2.Init();
            DbProviderFactories.RegisterFactory(SqliteInvariant, SqliteFactory.Instance);
            Directory.CreateDirectory(options.DataDirectory);
            return (SqliteInvariant, new SqliteConnectionStringBuilder { DataSource = Path.Combine(options.DataDirectory, "shop.db") }.ToString());
        }

        DbProviderFactories.RegisterFactory(PostgreSqlInvariant, NpgsqlFactory.Instance);
        var builder = new NpgsqlConnectionStringBuilder(options.ConnectionString ?? "");
        // Three pools of this size stay well below the 100 connections that a server allows unless it is told otherwise.
        if (!builder.ContainsKey("Maximum Pool Size")) builder.MaxPoolSize = options.Silo == SiloKind.Cluster ? 10 : 20;
        if (!builder.ContainsKey("Max Auto Prepare")) builder.MaxAutoPrepare = 20;
        // Nothing here changes a session, so there is nothing to reset, which would be a round trip and eight statements each time.
        builder.NoResetOnClose = true;
        return (PostgreSqlInvariant, builder.ToString());
    }
}
