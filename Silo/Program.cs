using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Shop.Engine;
using Shop.Hosting;
using Shop.Metrics;

if (args is ["--help" or "-h" or "-?", ..])
{
    Console.WriteLine("""
        Shop: a silo of a cluster. Start any number of them, and gateways with --Shop:Silo=Cluster, on one PostgreSQL.

          --Shop:ConnectionString=...       how PostgreSQL is reached, e.g. "Host=localhost;Database=shop;Username=shop"
          --Shop:Cluster:Secret=...         known to all silos and gateways of the cluster (in Development there is a default)
          --Shop:Cluster:Name=...           the silo's name, kept over restarts; host and port by default
          --Shop:Cluster:ListenAddress=...  127.0.0.1 by default; with 0.0.0.0 set Shop:Cluster:Host too
          --Shop:Cluster:Port=...           0 by default: any port that is free
          --urls=...                        where /health/live, /health/ready and /metrics answer; any free port of loopback by default
        """);
    return 0;
}

try
{
    BatchScheduling.Apply();
    WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
    builder.Configuration["Shop:Silo"] = nameof(SiloKind.Cluster);
    if (string.IsNullOrEmpty(builder.Configuration["urls"])) builder.WebHost.UseUrls("http://127.0.0.1:0");
    builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
    builder.AddShopSilo();
    builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(60));
    await using WebApplication app = builder.Build();
    app.MapGet("/health/live", () => Results.Text("live"));
    app.MapGet("/health/ready", (Readiness readiness) => readiness.Obstacle is { } obstacle ? Results.Text(obstacle, statusCode: 503) : Results.Text("ready"));
    // From the start, not from the first time that somebody asks.
    MetricsCollector metrics = app.Services.GetRequiredService<MetricsCollector>();
    app.MapGet("/metrics", () => Results.Text(metrics.Write(), MetricsCollector.ContentType));
    app.MapGet("/cluster", (IEngineState cluster) => Results.Json(new ClusterState(cluster.IsReady, cluster.View, cluster.Silos, cluster.Activations), ClusterJson.Default.ClusterState));
    SiloEngine.Map(app);
    await app.RunAsync();
    return 0;
}
catch (Exception e) when (StartException.Explain(e) is not null)
{
    Console.Error.WriteLine(StartException.Explain(e));
    return 1;
}

/// <summary>What a silo knows of its cluster.</summary>
internal sealed record ClusterState(bool IsReady, long View, IReadOnlyList<string> Silos, int Activations);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ClusterState))]
internal sealed partial class ClusterJson : JsonSerializerContext;
