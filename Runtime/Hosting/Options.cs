using System.Text.Json;

namespace Orleans.Configuration;

/// <summary>How calls travel.</summary>
public sealed class SiloMessagingOptions
{
    /// <summary>How long a caller waits for an answer. 30 seconds by default.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

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

    /// <summary>How states become JSON.</summary>
    public JsonSerializerOptions JsonOptions { get; set; } = JsonSerializerOptions.Default;
}

/// <summary>Reminders in a database.</summary>
public sealed class AdoNetReminderTableOptions
{
    /// <summary>The invariant name under which the database's factory is registered, for instance <c>Npgsql</c>.</summary>
    public string Invariant { get; set; } = "";

    /// <summary>The connection string.</summary>
    public string ConnectionString { get; set; } = "";
}
