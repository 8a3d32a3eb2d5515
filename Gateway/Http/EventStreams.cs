namespace Shop.Gateway.Http;

/// <summary>Answers of server-sent events, so many at a time at the most.</summary>
internal sealed class EventStreams(int max, string refusal, string title)
{
    private int _open;

    /// <summary>Sends until the client goes or the process stops, or says that too many are open.</summary>
    public async Task SendAsync(HttpContext context, IHostApplicationLifetime lifetime, Func<HttpResponse, CancellationToken, Task> send)
    {
        if (Interlocked.Increment(ref _open) > max)
        {
            Interlocked.Decrement(ref _open);
            await Reply.Problem(Problems.Of(429, refusal, title), 5).ExecuteAsync(context);
            return;
        }

        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers.CacheControl = "no-store";
            context.Response.Headers["X-Accel-Buffering"] = "no";
            await send(context.Response, stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The client has gone, or the process is stopping; the client comes back.
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }
}
