using Microsoft.AspNetCore.Http.Features;

namespace Shop.Gateway.Http;

/// <summary>Refuses a body that announces itself as too large.</summary>
/// <remarks>
/// A server that answers and closes while the client still sends resets the connection, and the client reads an error of its
/// own instead of the answer. So what is on its way is taken in and forgotten first, up to a limit of size and time.
/// </remarks>
public sealed class BodyLimit(RequestDelegate next)
{
    /// <summary>The largest body that the gateway takes, in bytes.</summary>
    public const long BytesMax = 1024 * 1024;

    private const long ForgottenBytesMax = 16 * BytesMax;
    private static readonly TimeSpan ForgettingTime = TimeSpan.FromSeconds(5);

    /// <summary>Runs the request.</summary>
    public Task InvokeAsync(HttpContext context) => context.Request.ContentLength is > BytesMax ? RefuseAsync(context) : next(context);

    private static async Task RefuseAsync(HttpContext context)
    {
        // Who waits for "100 Continue" has not begun to send.
        if (context.Request.ContentLength <= ForgottenBytesMax && context.Request.Headers.Expect.Count == 0) await Forget(context);
        throw new BadHttpRequestException("The body is too large.", StatusCodes.Status413PayloadTooLarge);
    }

    private static async Task Forget(HttpContext context)
    {
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = ForgottenBytesMax;
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        enough.CancelAfter(ForgettingTime);
        try
        {
            await context.Request.Body.CopyToAsync(Stream.Null, enough.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            // Too slow: the answer goes out, and the connection with it.
        }
    }
}
