using System.Text;
using System.Text.Json;

namespace Shop.Events;

/// <summary>Events of the shop in the form of CloudEvents 1.0, structured mode in JSON.</summary>
public static class CloudEvent
{
    /// <summary>The media type of the JSON.</summary>
    public const string ContentType = "application/cloudevents+json";

    /// <summary>The CloudEvent around an event's own JSON.</summary>
    public static string Of(string id, string type, string subject, DateTimeOffset time, string data)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("specversion", "1.0");
            json.WriteString("id", id);
            json.WriteString("source", "urn:shop");
            json.WriteString("type", type);
            json.WriteString("subject", subject);
            json.WriteString("time", time);
            json.WriteString("datacontenttype", "application/json");
            json.WriteString("dataschema", $"/schemas/events/{type}.v1.schema.json");
            json.WritePropertyName("data");
            json.WriteRawValue(data);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
