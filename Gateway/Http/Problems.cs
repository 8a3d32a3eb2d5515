using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Shop.Gateway.Http;

/// <summary>A problem as RFC 9457 says, with a stable type and the trace's id. Never an internal name, never a stack trace.</summary>
public sealed class ProblemBody
{
    /// <summary>What kind of problem: a stable name to branch on.</summary>
    public string Type { get; set; } = "";

    /// <summary>The kind in words.</summary>
    public string Title { get; set; } = "";

    /// <summary>The status code of the answer.</summary>
    public int Status { get; set; }

    /// <summary>This case in words.</summary>
    public string? Detail { get; set; }

    /// <summary>The id of the trace, to ask about.</summary>
    public string? TraceId { get; set; }

    /// <summary>More facts, which stand beside the others in the answer.</summary>
    [JsonIgnore]
    public JsonObject? Facts { get; set; }

    /// <summary>The problem as it is sent.</summary>
    public byte[] ToBytes()
    {
        if (Facts is null) return JsonSerializer.SerializeToUtf8Bytes(this, GatewayJson.Default.ProblemBody);
        JsonObject all = JsonSerializer.SerializeToNode(this, GatewayJson.Default.ProblemBody)!.AsObject();
        foreach ((string name, JsonNode? value) in Facts)
            if (value is not null) all[name] = value.DeepClone();
        return JsonSerializer.SerializeToUtf8Bytes(all, GatewayJson.Default.JsonObject);
    }
}

/// <summary>A problem that ends the request from anywhere below an endpoint.</summary>
public sealed class ProblemException(ProblemBody problem) : Exception(problem.Title)
{
    /// <summary>The problem.</summary>
    public ProblemBody Problem { get; } = problem;
}

/// <summary>All problems that the gateway knows, by their stable types.</summary>
public static class Problems
{
    /// <summary>What every type begins with.</summary>
    public const string Prefix = "urn:shop:problem:";

    /// <summary>A problem of a type.</summary>
    public static ProblemBody Of(int status, string type, string title, string? detail = null, JsonObject? facts = null) =>
        new() { Type = Prefix + type, Title = title, Status = status, Detail = detail, TraceId = Activity.Current?.TraceId.ToString(), Facts = facts };

    /// <summary>The request makes no sense; names the field.</summary>
    public static ProblemBody Invalid(string field, string message) => Of(400, "invalid-request", "The request is not valid.", $"{field}: {message}",
        new JsonObject { ["errors"] = new JsonObject { [field] = new JsonArray(message) } });

    /// <summary>No such thing, or not for this caller.</summary>
    public static Reply NotFound(string what) => Reply.Problem(Of(404, "not-found", $"There is no such {what}."));

    /// <summary>Something stands against it now.</summary>
    public static Reply Conflict(string type, string title, string? detail = null, JsonObject? facts = null) => Reply.Problem(Of(409, type, title, detail, facts));

    /// <summary>A rule says no.</summary>
    public static Reply RuleBroken(string type, string title, string? detail = null, JsonObject? facts = null) => Reply.Problem(Of(422, type, title, detail, facts));

    /// <summary>The resource has another version than the caller believes.</summary>
    public static Reply Stale(long version) => Reply.Problem(Of(412, "stale-version", "The resource was changed since it was read.", $"Its version is \"{version}\"."));

    /// <summary>Not now; nothing is known to have happened unless the type says so.</summary>
    public static Reply Unavailable(string type, string title) => Reply.Problem(Of(503, type, title), retryAfterSeconds: 1);

    /// <summary>Ends the request as invalid.</summary>
    public static ProblemException Bad(string field, string message) => new(Invalid(field, message));
}
