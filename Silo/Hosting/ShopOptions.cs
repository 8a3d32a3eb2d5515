using Microsoft.Extensions.Options;

namespace Shop.Hosting;

/// <summary>Where the shop keeps its data.</summary>
public enum StoreKind
{
    /// <summary>A file in the data directory.</summary>
    Sqlite,

    /// <summary>A PostgreSQL database.</summary>
    PostgreSql,
}

/// <summary>Where the grains live.</summary>
public enum SiloKind
{
    /// <summary>In the process of the gateway.</summary>
    Embedded,

    /// <summary>In processes of their own.</summary>
    Cluster,
}

/// <summary>The settings under <c>Shop</c>.</summary>
public sealed class ShopOptions
{
    /// <summary>The section of the configuration.</summary>
    public const string Section = "Shop";

    /// <summary>Which store. PostgreSQL when a connection string is given, otherwise SQLite.</summary>
    public StoreKind? Store { get; set; }

    /// <summary>How PostgreSQL is reached, for instance <c>Host=localhost;Database=shop;Username=shop;Password=…</c>.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>The directory of SQLite's file. <c>./data</c> by default.</summary>
    public string DataDirectory { get; set; } = "./data";

    /// <summary>Where the grains live. In the gateway's process by default.</summary>
    public SiloKind Silo { get; set; } = SiloKind.Embedded;

    /// <summary>The secret key that is always valid and may do everything.</summary>
    public string? SecretKey { get; set; }

    /// <summary>The publishable key that is always valid.</summary>
    public string? PublishableKey { get; set; }

    /// <summary>Whether an empty shop gets the demo catalogue. By default it does in Development.</summary>
    public bool? Demo { get; set; }

    /// <summary>The secret that providers sign their callbacks with (HMAC-SHA256 of the body, in hex). Made up at start in Development when missing.</summary>
    public string? CallbackSecret { get; set; }

    /// <summary>How long the payment provider may take. 3 seconds by default.</summary>
    public TimeSpan PaymentTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long an order waits for the payment provider before it is given up. 2 minutes by default.</summary>
    public TimeSpan PaymentWindow { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a cart lives after its last change. 30 days by default.</summary>
    public TimeSpan CartLifetime { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How the processes of a cluster find and speak to each other.</summary>
    public ShopClusterOptions Cluster { get; set; } = new();

    /// <summary>Whether the gateway shows its figures at <c>/metrics</c> to everybody, because nobody else reaches it. Otherwise it takes a key with the scope <c>operate</c>.</summary>
    public bool OpenMetrics { get; set; }

    /// <summary>The currency of checkouts that name none. EUR by default.</summary>
    public string DefaultCurrency { get; set; } = "EUR";

    /// <summary>The currencies that visitors of the storefront choose from, separated by commas. EUR and USD by default.</summary>
    public string Currencies { get; set; } = "EUR, USD";

    /// <summary>The codes of the currencies, that of those who choose none first.</summary>
    public IEnumerable<string> CurrencyCodes =>
        Currencies.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Prepend(DefaultCurrency).Distinct();

    /// <summary>Whether the store is PostgreSQL.</summary>
    internal bool IsPostgreSql => Store is { } store ? store == StoreKind.PostgreSql : !string.IsNullOrWhiteSpace(ConnectionString);
}

/// <summary>The settings under <c>Shop:Cluster</c>.</summary>
public sealed class ShopClusterOptions
{
    /// <summary>The secret that every silo and gateway of the cluster has; at least 16 characters. In Development a well-known one when missing.</summary>
    public string? Secret { get; set; }

    /// <summary>The name of this silo, which it keeps when it is restarted. Host and port by default.</summary>
    public string? Name { get; set; }

    /// <summary>The address that the silo listens on. Loopback by default; 0.0.0.0 for all.</summary>
    public string ListenAddress { get; set; } = "127.0.0.1";

    /// <summary>The host by which others reach the silo. The listening address by default.</summary>
    public string? Host { get; set; }

    /// <summary>The port of the silo; 0, the default, takes any that is free.</summary>
    public int Port { get; set; }

    /// <summary>The port by which others reach the silo, where something stands in between. Its own by default.</summary>
    public int? AdvertisedPort { get; set; }

    /// <summary>How long a silo that was not heard of is taken for alive. 5 seconds by default.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a silo renews its lease and everybody looks for news. 1 second by default.</summary>
    public TimeSpan RenewInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>This process' certificate (PEM), for TLS with certificates on both sides.</summary>
    public string? Certificate { get; set; }

    /// <summary>The key of the certificate (PEM).</summary>
    public string? CertificateKey { get; set; }

    /// <summary>The authority that must have signed the certificates of the others (PEM).</summary>
    public string? Authority { get; set; }
}

/// <summary>Says what is wrong with the settings, with a good value for each.</summary>
internal sealed class ShopOptionsValidation : IValidateOptions<ShopOptions>
{
    public ValidateOptionsResult Validate(string? name, ShopOptions options)
    {
        List<string> errors = [];
        if (options.IsPostgreSql && string.IsNullOrWhiteSpace(options.ConnectionString))
            errors.Add("Shop:ConnectionString is missing; set it for instance to Host=localhost;Database=shop;Username=shop;Password=secret.");
        if (!options.IsPostgreSql && string.IsNullOrWhiteSpace(options.DataDirectory)) errors.Add("Shop:DataDirectory is empty; set it for instance to ./data.");
        if (options.Silo == SiloKind.Cluster) AddClusterErrors(options, errors);
        if (options.PaymentTimeout <= TimeSpan.Zero) errors.Add("Shop:PaymentTimeout must be positive, for instance 00:00:03.");
        if (options.PaymentWindow <= options.PaymentTimeout) errors.Add("Shop:PaymentWindow must be longer than Shop:PaymentTimeout, for instance 00:02:00.");
        if (options.CartLifetime <= TimeSpan.Zero) errors.Add("Shop:CartLifetime must be positive, for instance 30.00:00:00.");
        if (!Currency.TryParse(options.DefaultCurrency, out _)) errors.Add("Shop:DefaultCurrency must be a code of ISO 4217, for instance EUR.");
        if (options.CurrencyCodes.Any(c => !Currency.TryParse(c, out _))) errors.Add("Shop:Currencies must be codes of ISO 4217 separated by commas, for instance EUR, USD.");
        foreach ((string setting, string? key) in new[] { ("SecretKey", options.SecretKey), ("PublishableKey", options.PublishableKey) })
            if (key is { Length: < 16 }) errors.Add($"Shop:{setting} is too short to be safe; set at least 16 characters, for instance the output of: openssl rand -hex 24.");
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    private static void AddClusterErrors(ShopOptions options, List<string> errors)
    {
        ShopClusterOptions cluster = options.Cluster;
        if (!options.IsPostgreSql) errors.Add("A cluster needs PostgreSQL; set Shop:ConnectionString for instance to Host=localhost;Database=shop;Username=shop;Password=secret.");
        if (cluster.Secret is not { Length: >= 16 })
            errors.Add("Shop:Cluster:Secret must have at least 16 characters and be the same for all silos and gateways, for instance the output of: openssl rand -hex 24.");
        if (cluster.Port is < 0 or > 65535) errors.Add("Shop:Cluster:Port must be a port, for instance 11111, or 0 for any.");
        if (!System.Net.IPAddress.TryParse(cluster.ListenAddress, out _)) errors.Add("Shop:Cluster:ListenAddress must be an address, for instance 0.0.0.0.");
        if (cluster.ListenAddress == "0.0.0.0" && cluster.Host is null) errors.Add("Shop:Cluster:Host is missing; set it to the name or address by which others reach this silo.");
        if (cluster.RenewInterval <= TimeSpan.Zero || cluster.RenewInterval * 3 > cluster.Lease)
            errors.Add("Shop:Cluster:RenewInterval must be positive and at most a third of Shop:Cluster:Lease, for instance 00:00:01 and 00:00:05.");
        string?[] files = [cluster.Certificate, cluster.CertificateKey, cluster.Authority];
        if (files.Any(f => f is not null) && files.Any(f => f is null)) errors.Add("Shop:Cluster:Certificate, CertificateKey and Authority go together; set all of them or none.");
        foreach (string file in files.OfType<string>().Where(f => !File.Exists(f))) errors.Add($"There is no file {file}, which Shop:Cluster names.");
    }
}
