namespace Shop.EventHubs;

/// <summary>The settings under <c>Shop:EventHubs</c>. Without a connection string nothing is sent.</summary>
public sealed class EventHubsOptions
{
    /// <summary>The section of the configuration.</summary>
    public const string Section = "Shop:EventHubs";

    /// <summary>How the namespace is reached: <c>Endpoint=sb://NAME.servicebus.windows.net/;SharedAccessKeyName=…;SharedAccessKey=…</c>.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>The name of the hub. <c>shop-events</c> by default.</summary>
    public string Hub { get; set; } = "shop-events";
}
