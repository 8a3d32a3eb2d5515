using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Metadata;

namespace Shop.Gateway.Http;

/// <summary>
/// A body that was read strictly: JSON only, bounded in size and depth, numbers as numbers, nothing missing, nothing twice.
/// What it says wrong is answered with 400 and the name of the field. Unknown properties are ignored, so never honoured.
/// </summary>
public sealed class Json<T> : IEndpointParameterMetadataProvider
{
    private Json(T value) => Value = value;

    /// <summary>The body.</summary>
    public T Value { get; }

    /// <summary>Reads the body of a request.</summary>
    public static async ValueTask<Json<T>?> BindAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (!request.HasJsonContentType())
            throw new ProblemException(Problems.Of(415, "unsupported-media-type", "The body must be JSON.", "Send Content-Type: application/json."));
        byte[] body = await context.BodyAsync();
        try
        {
            T? value = JsonSerializer.Deserialize(body, GatewayJson.Of<T>());
            return new Json<T>(value ?? throw Problems.Bad("body", "is null"));
        }
        catch (JsonException e)
        {
            throw Problems.Bad(FieldOf(e), e.Message.Contains("depth", StringComparison.OrdinalIgnoreCase) ? "is nested too deeply" : Describe(e));
        }
    }

    /// <inheritdoc/>
    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new AcceptsMetadata(["application/json"], typeof(T)));

    private static string FieldOf(JsonException e)
    {
        string path = e.Path is { Length: > 2 } text ? text[2..] : "body";
        // A missing property is named in the message only.
        int named = e.Message.IndexOf("including: '", StringComparison.Ordinal);
        return named >= 0 ? e.Message[(named + 12)..].Split('\'')[0] : path;
    }

    // The serializer's own words name internal types.
    private static string Describe(JsonException e) => e.Message switch
    {
        var m when m.Contains("required", StringComparison.OrdinalIgnoreCase) => "is missing",
        var m when m.Contains("null", StringComparison.OrdinalIgnoreCase) => "must not be null",
        var m when m.Contains("could not be converted", StringComparison.Ordinal) => "has the wrong type or is out of range",
        var m when m.Contains("uplicate", StringComparison.Ordinal) => "is there twice",
        _ => "is not valid JSON",
    };
}
