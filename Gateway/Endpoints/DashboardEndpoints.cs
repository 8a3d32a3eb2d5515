using System.Text.Json;
using System.Text.Json.Serialization;
using Shop.Dashboard;
using Shop.Gateway.Access;
using Shop.Gateway.Http;

namespace Shop.Gateway.Endpoints;

/// <summary>What the dashboard shows: how every silo is, a server-sent event a second.</summary>
internal static class DashboardEndpoints
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly EventStreams Viewers = new(100, "too-many-viewers", "Too many look at the dashboard.");

    public static void MapDashboard(this RouteGroupBuilder v1) => v1.MapGet("/dashboard", Show).Needs(Scopes.Operate).WithTags("Operation")
        .Produces(200, contentType: "text/event-stream").ProducesProblems().WithSummary("How the silos and their grains are, every second (server-sent events)").WithName("getDashboard");

    private static Task Show(HttpContext context, IGrainFactory grains, IHostApplicationLifetime lifetime, TimeProvider clock) =>
        Viewers.SendAsync(context, lifetime, (response, stop) => SendAsync(response, grains.GetGrain<IDashboardGrain>(IDashboardGrain.Key), clock, stop));

    private static async Task SendAsync(HttpResponse response, IDashboardGrain dashboard, TimeProvider clock, CancellationToken stop)
    {
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
