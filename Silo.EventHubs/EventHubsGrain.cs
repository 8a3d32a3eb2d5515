using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.Streams;
using Shop.Events;
using Shop.Streams;

namespace Shop.EventHubs;

/// <summary>Sends what one partition of the journal tells to the hub: each event at least once, under the same id, in order within its subject.</summary>
[Alias("EventHubs")]
public interface IEventHubsGrain : IProjectionGrain;

/// <inheritdoc cref="IEventHubsGrain"/>
[ImplicitStreamSubscription(JournalStreams.Namespace), GrainType("event-hubs")]
public sealed class EventHubsGrain(ProjectionServices services, [FromKeyedServices(EventHubsExtensions.Provider)] IStreamProvider? hub = null)
    : ProjectionGrain(services, new Projection("event-hubs", RulesVersion, (e, _) => SendAsync(hub, e), _ => [])), IEventHubsGrain
{
    private const int RulesVersion = 1;
    private const string Namespace = "shop-events";

    private static async ValueTask SendAsync(IStreamProvider? hub, ShopEvent @event)
    {
        // A shop without a hub sends nothing, and does not begin with its past when it gets one.
        if (hub is null) return;
        try
        {
            await hub.GetStream<ShopEvent>(StreamId.Create(Namespace, @event.Subject)).OnNextAsync(@event);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The hub is away, which is not the event's fault: it is sent again, and those after it wait.
            throw new ProjectionUnavailableException(e);
        }
    }
}
