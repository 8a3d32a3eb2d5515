using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Shop.Gateway.Events;

namespace Shop.Gateway.Commands;

/// <summary>The command line's <c>events</c>.</summary>
internal static class EventsCommand
{
    /// <summary>The command.</summary>
    public static Command Make()
    {
        var file = new Argument<string>("file") { Description = "JSON lines or a recorded feed; - for standard input.", DefaultValueFactory = _ => "-" };
        var validate = new Command("validate", "Checks a stream of events, CloudEvents or their data, against the schemas.") { file };
        validate.SetAction((parsed, cancellation) => ValidateAsync(parsed.GetValue(file)!, cancellation));
        return new Command("events", "The events of the shop.") { validate };
    }

    private static async Task<int> ValidateAsync(string file, CancellationToken cancellation)
    {
        if (file != "-" && !File.Exists(file))
        {
            Console.Error.WriteLine($"There is no file {file}.");
            return CommandLine.Failed;
        }

        using TextReader reader = file == "-" ? Console.In : File.OpenText(file);
        int number = 0, events = 0, bad = 0;
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            number++;
            if (line.StartsWith("data: ", StringComparison.Ordinal)) line = line[6..];
            // The other lines of a recorded feed.
            if (line.Length == 0 || line[0] == ':' || line.StartsWith("id: ", StringComparison.Ordinal) || line.StartsWith("event: ", StringComparison.Ordinal) || line.StartsWith("retry: ", StringComparison.Ordinal)) continue;
            events++;
            List<string> violations = Violations(line);
            if (violations.Count > 0) bad++;
            foreach (string violation in violations) Console.WriteLine($"line {number}: {violation}");
        }

        Console.WriteLine($"{events} events, {bad} of them not as their schemas say");
        return bad == 0 ? 0 : CommandLine.Failed;
    }

    private static List<string> Violations(string line)
    {
        JsonNode? json;
        try
        {
            json = JsonNode.Parse(line);
        }
        catch (JsonException)
        {
            return ["is not JSON"];
        }

        JsonNode? data = json is JsonObject { } o && o.ContainsKey("specversion") ? o["data"] : json;
        string? type = data is JsonObject d ? (string?)d["eventType"] : null;
        if (type is null || EventSchema.Of(type) is not { } schema) return [$"has no type of event that there is: {type ?? "none"}"];
        List<string> violations = [.. schema.Violations(data)];
        if (!ReferenceEquals(json, data))
        {
            foreach (string name in new[] { "id", "source", "type" })
                if (json![name] is not JsonValue) violations.Add($"{name} is missing, which a CloudEvent has");
            if ((string?)json!["specversion"] != "1.0") violations.Add("specversion must be 1.0");
        }

        return violations;
    }
}
