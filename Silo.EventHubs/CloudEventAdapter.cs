using Azure.Messaging.EventHubs;
using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Streaming.EventHubs;
using Orleans.Streams;
using Shop.Events;

namespace Shop.EventHubs;

/// <summary>
/// Writes events as CloudEvents, as the shop's own feed has them, so that whoever reads the hub needs nothing of Orleans. The key of the hub's
/// partition is the event's subject: within it events stay in order.
/// </summary>
internal sealed class CloudEventAdapter(Serializer serializer) : EventHubDataAdapter(serializer)
{
    public override EventData ToQueueMessage<T>(StreamId streamId, IEnumerable<T> events, StreamSequenceToken? token, Dictionary<string, object>? requestContext)
    {
        ShopEvent e = events.Cast<ShopEvent>().Single();
        return new EventData(BinaryData.FromString(CloudEvent.Of(e.EventId.ToString(), e.EventType, e.Subject, e.Timestamp, e.ToJson()))) { MessageId = e.EventId.ToString(), ContentType = CloudEvent.ContentType };
    }
}
