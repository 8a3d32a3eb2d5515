using System.Text.Json;
using System.Text.Json.Serialization;
using Shop.Dashboard;
using Shop.Gateway.Access;
using Shop.Gateway.Http;

namespace Shop.Gateway.Endpoints;

/// <summary>What the dashboard shows: how every silo is, a server-sent event a second.</summary>
internal static class DashboardEndpoints
{
    private const int ViewersMax = 100;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static int _viewers;

    public static void MapDashboard(this RouteGroupBuilder v1) => v1.MapGet("/dashboard", Show).Needs(Scopes.Operate).WithTags("Operation")
        .Produces(200, contentType: "text/event-stream").WithSummary("How the silos and their grains are, every second (server-sent events)").WithName("getDashboard");

    private static async Task Show(HttpContext context, IGrainFactory grains, IHostApplicationLifetime lifetime, TimeProvider clock)
    {
        if (Interlocked.Increment(ref _viewers) > ViewersMax)
        {
            Interlocked.Decrement(ref _viewers);
            await Reply.Problem(Problems.Of(429, "too-many-viewers", "Too many look at the dashboard."), 5).ExecuteAsync(context);
            return;
        }

        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
            await SendAsync(context.Response, grains.GetGrain<IDashboardGrain>(IDashboardGrain.Key), clock, stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The viewer has gone, or the process is stopping.
        }
        finally
        {
            Interlocked.Decrement(ref _viewers);
        }
    }

    private static async Task SendAsync(HttpResponse response, IDashboardGrain dashboard, TimeProvider clock, CancellationToken stop)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        DateTimeOffset since = DateTimeOffset.MinValue;
        while (true)
        {
            string text;
            try
            {
                DashboardView view = await dashboard.Read(since).WaitAsync(stop);
                if (!view.Moments.IsEmpty) since = view.Moments.Max(m => m.At);
                text = $"data: {JsonSerializer.Serialize(view, DashboardJson.Default.DashboardView)}\n\n";
            }
            catch (Exception e) when (e is not (OperationCanceledException or OutOfMemoryException))
            {
                // A silo went: the viewer sees that the connection lives, and what is known then.
                text = ": waiting\n\n";
            }

            await response.WriteAsync(text, stop);
            await response.Body.FlushAsync(stop);
            await Task.Delay(Every, clock, stop);
        }
    }
}

/// <summary>JSON of the dashboard.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DashboardView))]
internal sealed partial class DashboardJson : JsonSerializerContext;
