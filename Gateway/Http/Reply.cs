using System.Text;
using System.Text.Json;

namespace Shop.Gateway.Http;

/// <summary>An answer of the gateway: a value, so that it can be kept under an idempotency key and sent again.</summary>
public sealed class Reply : IResult
{
    private Reply(int status, string? contentType, byte[] body) => (Status, ContentType, Body) = (status, contentType, body);

    /// <summary>The status code.</summary>
    public int Status { get; }

    /// <summary>The type of the body; null when there is none.</summary>
    public string? ContentType { get; }

    /// <summary>The body.</summary>
    public byte[] Body { get; }

    /// <summary>Where the new resource is.</summary>
    public string? Location { get; init; }

    /// <summary>The version of the resource.</summary>
    public string? ETag { get; init; }

    /// <summary>After how many seconds to try again.</summary>
    public int? RetryAfterSeconds { get; private set; }

    /// <summary>A resource.</summary>
    public static Reply Ok<T>(T value, long? version = null) => Json(StatusCodes.Status200OK, value, version, null);

    /// <summary>A new resource.</summary>
    public static Reply Created<T>(T value, string location, long? version = null) => Json(StatusCodes.Status201Created, value, version, location);

    /// <summary>Taken and durable; what follows from it comes later.</summary>
    public static Reply Accepted<T>(T value) => Json(StatusCodes.Status202Accepted, value, null, null);

    /// <summary>Nothing to show.</summary>
    public static Reply NoContent() => new(StatusCodes.Status204NoContent, null, []);

    /// <summary>A problem; see <see cref="Problems"/>.</summary>
    public static Reply Problem(ProblemBody problem, int? retryAfterSeconds = null) =>
        new(problem.Status, "application/problem+json", problem.ToBytes()) { RetryAfterSeconds = retryAfterSeconds };

    /// <summary>The same answer, which says when to ask again.</summary>
    public Reply After(int seconds)
    {
        RetryAfterSeconds = seconds;
        return this;
    }

    /// <summary>An answer that was kept.</summary>
    public static Reply Stored(Shop.Access.StoredResponse stored) =>
        new(stored.Status, stored.ContentType, Encoding.UTF8.GetBytes(stored.Body)) { Location = stored.Location, ETag = stored.ETag };

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        HttpResponse response = httpContext.Response;
        response.StatusCode = Status;
        if (Location is not null) response.Headers.Location = Location;
        if (ETag is not null) response.Headers.ETag = ETag;
        if (RetryAfterSeconds is { } seconds) response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (ContentType is null) return Task.CompletedTask;
        response.ContentType = ContentType;
        response.ContentLength = Body.Length;
        return response.Body.WriteAsync(Body, httpContext.RequestAborted).AsTask();
    }

    private static Reply Json<T>(int status, T value, long? version, string? location) =>
        new(status, "application/json; charset=utf-8", JsonSerializer.SerializeToUtf8Bytes(value, GatewayJson.Of<T>()))
        {
            ETag = version is null ? null : $"\"{version}\"",
            Location = location,
        };
}
