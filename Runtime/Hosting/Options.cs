namespace Orleans.Configuration;

/// <summary>How calls travel.</summary>
public abstract class MessagingOptions
{
    /// <summary>How long a caller waits for an answer. 30 seconds by default.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>How calls of a client travel.</summary>
public sealed class ClientMessagingOptions : MessagingOptions;

/// <summary>How calls of a silo travel.</summary>
public sealed class SiloMessagingOptions : MessagingOptions
{
    /// <summary>How many calls may wait or run at one grain before it answers that it is busy. 50,000 by default.</summary>
    public int MaxEnqueuedRequestsHardLimit { get; set; } = 50_000;
}

/// <summary>When idle grains are collected.</summary>
public sealed class GrainCollectionOptions
{
    /// <summary>How long a grain may be idle. 15 minutes by default.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often idle grains are looked for. One minute by default.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);
}

/// <summary>Grain storage in a database.</summary>
public sealed class AdoNetGrainStorageOptions
{
    /// <summary>The invariant name under which the database's factory is registered, for instance <c>Npgsql</c>.</summary>
    public string Invariant { get; set; } = "";

    /// <summary>The connection string.</summary>
    public string ConnectionString { get; set; } = "";
}

/// <summary>Reminders in a database.</summary>
public sealed class AdoNetReminderTableOptions
{
    /// <summary>The invariant name under which the database's factory is registered, for instance <c>Npgsql</c>.</summary>
    public string Invariant { get; set; } = "";

    /// <summary>The connection string.</summary>
    public string ConnectionString { get; set; } = "";
}

/// <summary>Membership of a cluster in a database.</summary>
public class AdoNetClusteringSiloOptions
{
    /// <summary>The invariant name under which the database's factory is registered: <c>Npgsql</c>.</summary>
    public string Invariant { get; set; } = "";

    /// <summary>The connection string.</summary>
    public string ConnectionString { get; set; } = "";
}

/// <summary>Membership of a cluster in a database, for those who only call.</summary>
public sealed class AdoNetClusteringClientOptions : AdoNetClusteringSiloOptions;

/// <summary>How silos know of each other.</summary>
public sealed class ClusterMembershipOptions
{
    /// <summary>How long a silo that was not heard of is still taken for alive. 5 seconds by default.</summary>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a silo renews its lease and looks for news. 1 second by default; at most a third of the lease.</summary>
    public TimeSpan RenewInterval { get; set; } = TimeSpan.FromSeconds(1);
}

/// <summary>Where a silo is reached.</summary>
public sealed class EndpointOptions
{
    /// <summary>The name of the silo, which it keeps when it is restarted. Host and port by default.</summary>
    public string? SiloName { get; set; }

    /// <summary>The address to listen on. Loopback by default.</summary>
    public string ListenAddress { get; set; } = "127.0.0.1";

    /// <summary>The host that others reach it by. The listening address by default.</summary>
    public string? AdvertisedHost { get; set; }

    /// <summary>The port that others reach it by, where something stands in between. The silo's port by default.</summary>
    public int? AdvertisedPort { get; set; }

    /// <summary>The port; 0 for any that is free. 11111 by default.</summary>
    public int SiloPort { get; set; } = 11111;
}

/// <summary>How processes of a cluster speak to each other.</summary>
public sealed class ClusterMessagingOptions
{
    /// <summary>The secret that every process of the cluster knows; at least 16 characters.</summary>
    public string Secret { get; set; } = "";

    /// <summary>The largest message, in bytes. 4 MiB by default.</summary>
    public int MessageBytesMax { get; set; } = 4 * 1024 * 1024;

    /// <summary>How many calls of one connection may wait for their answers. 20,000 by default.</summary>
    public int PendingCallsMax { get; set; } = 20_000;

    /// <summary>How many messages may wait to be sent on one connection. 20,000 by default.</summary>
    public int SendQueueMax { get; set; } = 20_000;

    /// <summary>How many calls of one process may wait for a connection or a view. 20,000 by default.</summary>
    public int WaitingCallsMax { get; set; } = 20_000;

    /// <summary>How long a silent connection goes without a sign of life; after three of them it is given up. 2 seconds by default.</summary>
    public TimeSpan KeepAliveInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long connecting and the handshake may take. 3 seconds by default.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How many connections a silo takes. 1,000 by default.</summary>
    public int ConnectionsMax { get; set; } = 1_000;

    /// <summary>The certificate of this process (PEM), for TLS in both directions; none for no TLS.</summary>
    public string? CertificatePath { get; set; }

    /// <summary>The key of the certificate (PEM).</summary>
    public string? CertificateKeyPath { get; set; }

    /// <summary>The authority that must have signed the certificates of the others (PEM).</summary>
    public string? AuthorityPath { get; set; }
}

/// <summary>How streams are brought to their consumers.</summary>
public sealed class StreamPullingAgentOptions
{
    /// <summary>How many items a delivery has at most, and so how many are read ahead of a consumer. 500 by default.</summary>
    public int BatchItemsMax { get; set; } = 500;

    /// <summary>How long a consumer that failed is left alone at first; it doubles with each failure. 100 milliseconds by default.</summary>
    public TimeSpan RetryDelayMin { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a consumer that failed is left alone at most. 10 seconds by default.</summary>
    public TimeSpan RetryDelayMax { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the silo looks for new streams; after a change of the cluster it looks at once. 1 second by default.</summary>
    public TimeSpan DivideInterval { get; set; } = TimeSpan.FromSeconds(1);
}
