using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Shop.Metrics;

/// <summary>
/// Sends traces by OTLP when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says where to. The other variables of OpenTelemetry count as well:
/// <c>OTEL_EXPORTER_OTLP_PROTOCOL</c>, <c>OTEL_TRACES_SAMPLER</c>, <c>OTEL_SERVICE_NAME</c>, <c>OTEL_RESOURCE_ATTRIBUTES</c>.
/// </summary>
internal sealed class ShopTracing(IHostEnvironment environment) : IHostedService, IDisposable
{
    /// <summary>Where spans come from: the web server, grain calls, and waits for the journal.</summary>
    public static readonly string[] Sources = ["Microsoft.AspNetCore", "Microsoft.Orleans.Application", "Shop.Journal"];

    private TracerProvider? _provider;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        string[] variables = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
        if (variables.All(v => string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(v)))) return Task.CompletedTask;
        _provider = Sdk.CreateTracerProviderBuilder()
            .ConfigureResource(r => r.AddService(environment.ApplicationName).AddEnvironmentVariableDetector())
            .AddSource(Sources)
            .AddOtlpExporter()
            .Build();
        return Task.CompletedTask;
    }

    // What is not sent yet is sent, for some seconds at the most.
    public Task StopAsync(CancellationToken cancellationToken) => Task.Run(() => _provider?.Shutdown(5_000), CancellationToken.None);

    public void Dispose() => _provider?.Dispose();
}
