using System.Diagnostics;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;
using Shop.Gateway.Access;
using Shop.Gateway.Admission;
using Shop.Gateway.Demo;
using Shop.Gateway.Endpoints;
using Shop.Gateway.Http;
using Shop.Hosting;
using Shop.Metrics;

namespace Shop.Gateway;

/// <summary>Puts the gateway together.</summary>
public static class ShopGateway
{
    // Thousands who come in the same second must not be left without an answer to their first packet: they would ask again after one second, and after three.
    // The system takes of it as much as it allows.
    private const int ArrivalsMax = 8_192;

    // Every request has a trace id, whether or not somebody collects traces.
    private static readonly ActivityListener EveryRequest = new()
    {
        ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
        Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.PropagationData,
    };

    /// <summary>The gateway, with a silo in the same process or as a client of a cluster.</summary>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        configure?.Invoke(builder);
        BootstrapKeys.Ensure(builder.Configuration, builder.Environment);
        builder.AddShop();
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(30));
        builder.WebHost.ConfigureKestrel(ConfigureLimits);
        builder.WebHost.UseSockets(ConfigureSockets);
        builder.Services.AddSingleton<IConnectionListenerFactory>(services => new ArrivalGate(
            ActivatorUtilities.CreateInstance<SocketTransportFactory>(services), () => ThreadPool.PendingWorkItemCount, services.GetRequiredService<TimeProvider>()));
        builder.Services.AddOptions<RateLimitOptions>().BindConfiguration("Shop:RateLimit")
            .Validate(o => o is { KeyRequestsPerSecond: >= 0, SessionRequestsPerSecond: >= 0 }, "Shop:RateLimit takes requests a second, for instance 5000, or 0 for no limit.")
            .ValidateOnStart();
        builder.Services.AddSingleton<RateLimits>();
        builder.Services.AddOptions<AdmissionOptions>().BindConfiguration("Shop:Admission")
            .Validate(o => o.IsValid, "Shop:Admission takes positive times and numbers, and the smallest concurrency must not exceed the largest.")
            .ValidateOnStart();
        builder.Services.AddSingleton<AdmissionQueue>();
        builder.Services.AddSingleton<AdmissionInstruments>();
        builder.Services.AddSingleton<KeyRing>();
        builder.Services.AddSingleton<SignedToken>();
        builder.Services.AddSingleton<PageToken>();
        builder.Services.AddSingleton<WaitingRoomDoor>();
        builder.Services.ConfigureHttpJsonOptions(o => o.SerializerOptions.TypeInfoResolverChain.Insert(0, GatewayJson.Default));
        builder.Services.AddShopOpenApi();
        builder.Services.AddHostedService<DemoCatalog>();

        ActivitySource.AddActivityListener(EveryRequest);
        WebApplication app = builder.Build();
        app.Use(next => context =>
        {
            context.Features.Set<IServiceProvidersFeature>(new RequestFeature(app.Services));
            return next(context);
        });
        app.UseMiddleware<TraceMiddleware>();
        app.UseMiddleware<ProblemMiddleware>();
        app.UseMiddleware<BodyLimit>();
        app.UseRouting();
        app.UseMiddleware<AccessMiddleware>();
        app.UseMiddleware<AdmissionMiddleware>();
        MapRoutes(app);
        return app;
    }

    private static void MapRoutes(WebApplication app)
    {
        RouteGroupBuilder v1 = app.MapGroup("/v1");
        v1.MapProducts();
        v1.MapStock();
        v1.MapCarts();
        v1.MapOrders();
        v1.MapCustomers();
        v1.MapPromotions();
        v1.MapAccess();
        v1.MapWaitingRooms();
        v1.MapViews();
        v1.MapRecommendations();
        v1.MapAnalytics();
        v1.MapStreams();
        v1.MapEvents();
        v1.MapDashboard();
        v1.MapGrains();
        app.MapEventSchemas();
        app.MapPages();
        app.MapGet("/health/live", () => Results.Text("live")).ExcludeFromDescription();
        app.MapGet("/health/ready", (Readiness readiness) => readiness.Obstacle is { } obstacle
            ? Problems.Unavailable("unavailable", obstacle)
            : Results.Text("ready")).ExcludeFromDescription();
        // From the start, not from the first time that somebody asks.
        MetricsCollector metrics = app.Services.GetRequiredService<MetricsCollector>();
        app.Services.GetRequiredService<AdmissionInstruments>();
        RouteHandlerBuilder figures = app.MapGet("/metrics", () => Results.Text(metrics.Write(), MetricsCollector.ContentType)).ExcludeFromDescription();
        if (!app.Services.GetRequiredService<IOptions<ShopOptions>>().Value.OpenMetrics) figures.Needs(Scopes.Operate);
        app.MapOpenApi("/openapi/{documentName}.json");
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/docs"), docs => docs.UseSwaggerUI(ui =>
        {
            ui.RoutePrefix = "docs";
            ui.DocumentTitle = "Shop API";
            ui.SwaggerEndpoint("/openapi/v1.json", "Shop v1");
        }));
    }

    private static void ConfigureSockets(SocketTransportOptions sockets)
    {
        sockets.Backlog = ArrivalsMax;
        // A request is read and begun where its bytes arrive: that is a thread of the pool already, and each further turn there would be one behind all the others.
        sockets.UnsafePreferInlineScheduling = true;
    }

    private static void ConfigureLimits(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = BodyLimit.BytesMax;
        kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        kestrel.Limits.MaxRequestHeaderCount = 64;
        kestrel.Limits.MaxRequestLineSize = 8 * 1024;
        kestrel.Limits.MaxConcurrentConnections = OpenFiles.ConnectionsMax(20_000);
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
    }
}
