using Azure.Messaging.EventHubs.Consumer;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Serialization;
using Orleans.Streams;

namespace Shop.EventHubs;

/// <summary>Adds the stream that goes to Azure Event Hubs.</summary>
public static class EventHubsExtensions
{
    /// <summary>The name of the stream provider.</summary>
    public const string Provider = "event-hubs";

    /// <summary>Adds it if the settings say where the hub is. It is only written to here; who reads it has a consumer group of its own.</summary>
    public static ISiloBuilder AddShopEventHubs(this ISiloBuilder silo, IConfiguration configuration)
    {
        EventHubsOptions options = configuration.GetSection(EventHubsOptions.Section).Get<EventHubsOptions>() ?? new EventHubsOptions();
        if (string.IsNullOrWhiteSpace(options.ConnectionString)) return silo;
        return silo.AddEventHubStreams(Provider, (ISiloEventHubStreamConfigurator hubs) =>
        {
            hubs.ConfigureEventHub(hub => hub.Configure(o => o.ConfigureEventHubConnection(options.ConnectionString, options.Hub, EventHubConsumerClient.DefaultConsumerGroupName)));
            hubs.UseDataAdapter((services, _) => new CloudEventAdapter(services.GetRequiredService<Serializer>()));
            hubs.ConfigureCheckpointer<WrittenOnly.Options>((_, _) => new WrittenOnly(), _ => { });
            // Nobody subscribes here, so there are no subscriptions to keep.
            hubs.ConfigureStreamPubSub(StreamPubSubType.ImplicitOnly);
            hubs.ConfigureLifecycle(lifecycle => lifecycle.Configure(o => o.StartupState = StreamLifecycleOptions.RunState.AgentsStopped));
        });
    }
}
