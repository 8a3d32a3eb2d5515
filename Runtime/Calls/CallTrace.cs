using System.Diagnostics;

namespace Orleans.Calls;

/// <summary>
/// A span for each call that belongs to a trace which somebody collects, under the name and with the tags that Orleans gives it.
/// Calls that no trace leads to, such as those of timers, begin none.
/// </summary>
internal static class CallTrace
{
    private static readonly ActivitySource Source = new("Microsoft.Orleans.Application");

    /// <summary>Begins the span of a call on the side of the grain; it is the current one of this turn then.</summary>
    public static Activity? Begin(GrainRequest request)
    {
        if (!Source.HasListeners() || request.Ambience?.Parent is not { } parent) return null;
        Activity? span = Source.StartActivity(request.Method.SpanName, ActivityKind.Server, parent);
        if (span is { IsAllDataRequested: true })
        {
            span.SetTag("rpc.system", "orleans");
            span.SetTag("rpc.service", request.Method.InterfaceName);
            span.SetTag("rpc.method", request.Method.Name);
            span.SetTag("orleans.rpc.target_id", request.Target!.GrainId.ToString());
        }

        return span;
    }

    /// <summary>Ends it.</summary>
    public static void End(Activity span, Exception? error)
    {
        if (error is not null) span.SetStatus(ActivityStatusCode.Error, error.GetType().Name);
        span.Dispose();
    }
}
