using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Shop.Gateway.Events;

/// <summary>
/// The schema of an event, as far as this shop's schemas go: type, required, properties, items, const, pattern, format
/// date-time, minimum, minLength and maxLength of JSON Schema 2020-12.
/// </summary>
public sealed class EventSchema
{
    private static readonly TimeSpan PatternTimeout = TimeSpan.FromSeconds(1);
    private readonly JsonNode _root;

    private EventSchema(JsonNode root) => _root = root;

    /// <summary>The types of events that there are.</summary>
    public static IReadOnlyList<string> Types { get; } =
        [.. typeof(EventSchema).Assembly.GetManifestResourceNames().Where(n => n.StartsWith("schemas/", StringComparison.Ordinal)).Select(n => n.Split('/', '.')[1]).Order(StringComparer.Ordinal)];

    /// <summary>The schema of a type; null when there is none.</summary>
    public static EventSchema? Of(string type) => Text($"{type}.v1.schema.json") is { } text ? Parse(text) : null;

    /// <summary>The file of a schema; null when there is none.</summary>
    public static string? Text(string file)
    {
        using Stream? stream = typeof(EventSchema).Assembly.GetManifestResourceStream("schemas/" + file);
        if (stream is null) return null;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>Reads a schema.</summary>
    public static EventSchema Parse(string json) => new(JsonNode.Parse(json)!);

    /// <summary>What is wrong with an event; nothing when it keeps the schema.</summary>
    public IReadOnlyList<string> Violations(JsonNode? data)
    {
        List<string> violations = [];
        Check(_root, data, "data", violations);
        return violations;
    }

    /// <summary>What a reader of an earlier version would trip over in this one; nothing when the two are compatible.</summary>
    public IReadOnlyList<string> BreaksSince(EventSchema earlier)
    {
        List<string> breaks = [];
        Compare(earlier._root, _root, "data", breaks);
        return breaks;
    }

    private static void Check(JsonNode schema, JsonNode? value, string path, List<string> violations)
    {
        if (schema["const"] is { } constant && !JsonNode.DeepEquals(constant, value)) violations.Add($"{path} must be {constant.ToJsonString()}");
        switch ((string?)schema["type"])
        {
            case "object" when value is JsonObject o:
                foreach (JsonNode? name in schema["required"]?.AsArray() ?? [])
                    if (!o.ContainsKey((string)name!)) violations.Add($"{path}.{name} is missing");
                foreach ((string name, JsonNode? property) in schema["properties"]?.AsObject() ?? [])
                    if (o.TryGetPropertyValue(name, out JsonNode? inner)) Check(property!, inner, $"{path}.{name}", violations);
                break;
            case "array" when value is JsonArray a:
                for (int i = 0; i < a.Count && schema["items"] is not null; i++) Check(schema["items"]!, a[i], $"{path}[{i}]", violations);
                break;
            case "string" when value is JsonValue s && s.TryGetValue(out string? text):
                CheckText(schema, text, path, violations);
                break;
            case "integer" when value is JsonValue n && n.TryGetValue(out long number):
                if (schema["minimum"] is { } minimum && number < (long)minimum) violations.Add($"{path} must be at least {minimum}");
                break;
            case "number" when value is JsonValue n && n.TryGetValue(out decimal _):
            case "boolean" when value is JsonValue b && b.TryGetValue(out bool _):
            case null:
                break;
            case string type:
                violations.Add($"{path} must be of type {type}");
                break;
        }
    }

    private static void CheckText(JsonNode schema, string text, string path, List<string> violations)
    {
        if (schema["minLength"] is { } min && text.Length < (int)min) violations.Add($"{path} must have at least {min} characters");
        if (schema["maxLength"] is { } max && text.Length > (int)max) violations.Add($"{path} must have at most {max} characters");
        if (schema["pattern"] is { } pattern && !Regex.IsMatch(text, (string)pattern!, RegexOptions.None, PatternTimeout)) violations.Add($"{path} must match {pattern}");
        if ((string?)schema["format"] == "date-time" && !DateTimeOffset.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out _)) violations.Add($"{path} must be a time");
    }

    // What was promised stays: types, required properties, and properties at all. New ones may come when they are not required of writers alone.
    private static void Compare(JsonNode earlier, JsonNode now, string path, List<string> breaks)
    {
        foreach (string rule in new[] { "type", "const", "pattern", "format", "minimum", "minLength", "maxLength" })
            if (!JsonNode.DeepEquals(earlier[rule], now[rule])) breaks.Add($"{path}: {rule} was {earlier[rule]?.ToJsonString() ?? "not there"} and is {now[rule]?.ToJsonString() ?? "not there"}");
        HashSet<string> required = [.. (now["required"]?.AsArray() ?? []).Select(n => (string)n!)];
        foreach (JsonNode? name in earlier["required"]?.AsArray() ?? [])
            if (!required.Contains((string)name!)) breaks.Add($"{path}.{name} was always there and need not be any more");
        foreach ((string name, JsonNode? property) in earlier["properties"]?.AsObject() ?? [])
        {
            if (now["properties"]?[name] is { } same) Compare(property!, same, $"{path}.{name}", breaks);
            else breaks.Add($"{path}.{name} is gone");
        }

        if (earlier["items"] is { } items) Compare(items, now["items"] ?? new JsonObject(), $"{path}[]", breaks);
    }
}
