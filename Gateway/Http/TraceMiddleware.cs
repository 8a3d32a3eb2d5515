using System.Diagnostics;

namespace Shop.Gateway.Http;

/// <summary>Names the trace of each request to its caller, and the request to whoever collects traces, by OpenTelemetry's conventions.</summary>
public sealed class TraceMiddleware(RequestDelegate next)
{
    /// <summary>Runs the request.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        Activity? span = Activity.Current;
        // The caller can follow its request through the shop's traces, and name it when it asks about a problem.
        if (span?.Id is { } trace) context.Response.Headers["traceparent"] = trace;
        return span is { IsAllDataRequested: true } ? DescribedAsync(span, context) : next(context);
    }

    private async Task DescribedAsync(Activity span, HttpContext context)
    {
        try
        {
            await next(context);
        }
        finally
        {
            Describe(span, context);
        }
    }

    // The path may hold ids but never a key: those come in headers. Queries stay out.
    private static void Describe(Activity span, HttpContext context)
    {
        string method = context.Request.Method, route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "";
        span.DisplayName = route.Length > 0 ? $"{method} {route}" : method;
        span.SetTag("http.request.method", method);
        if (route.Length > 0) span.SetTag("http.route", route);
        span.SetTag("url.scheme", context.Request.Scheme);
        span.SetTag("url.path", context.Request.Path.Value);
        span.SetTag("http.response.status_code", context.Response.StatusCode);
        if (context.Response.StatusCode >= StatusCodes.Status500InternalServerError) span.SetStatus(ActivityStatusCode.Error);
    }
}
