using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Shop.Events;

/// <summary>
/// Where an event stands in the journal, which is what it is known by: its grain, the commit of the grain, and its number in the commit, as in
/// <c>order/0198f6:2:0</c>. It becomes a text only where somebody reads it; of most events nobody does.
/// </summary>
/// <param name="GrainId">The grain, such as <c>order/0198f6</c>.</param>
/// <param name="Version">The version of the commit.</param>
/// <param name="Number">The number of the event in what the commit tells, from 0.</param>
[JsonConverter(typeof(EventIdJsonConverter))]
public readonly record struct EventId(string GrainId, long Version, int Number)
{
    /// <summary>The id that a text stands for.</summary>
    /// <exception cref="FormatException">It stands for none.</exception>
    public static EventId Parse(string text)
    {
        int second = text.LastIndexOf(':'), first = second <= 0 ? -1 : text.LastIndexOf(':', second - 1);
        return first > 0 && long.TryParse(text.AsSpan(first + 1, second - first - 1), NumberStyles.None, CultureInfo.InvariantCulture, out long version)
            && int.TryParse(text.AsSpan(second + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? new EventId(text[..first], version, number)
            : throw new FormatException($"'{text}' is not the id of an event.");
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{GrainId}:{Version}:{Number}");
}

/// <summary>An id of an event as a text in JSON.</summary>
public sealed class EventIdJsonConverter : JsonConverter<EventId>
{
    /// <inheritdoc/>
    public override EventId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        try
        {
            return EventId.Parse(reader.GetString() ?? "");
        }
        catch (FormatException e)
        {
            throw new JsonException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, EventId value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
