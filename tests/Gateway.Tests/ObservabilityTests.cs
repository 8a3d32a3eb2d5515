using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Shop.Gateway.Tests;

/// <summary>What an operator sees: figures as Prometheus reads them, rules that it loads, and traces by OTLP.</summary>
public sealed class ObservabilityTests
{
    [Fact]
    public async Task Figures_are_for_operators_and_say_what_happens()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite");
        await host.Admin.Stock("M-1", 5);
        for (int i = 0; i < 3; i++) (await host.Admin.Checkout("M-1")).ShouldBe(201);
        using var nobody = new ShopClient(host.Address, null);
        (await nobody.Get("/metrics")).ShouldBe(401);
        using ShopClient visitor = await host.Visitor();
        (await visitor.Get("/metrics")).ShouldBe(403);
        string text = (await host.Admin.Get("/metrics")).ShouldBe(200).Text;
        text.ShouldMatch("""http_server_request_duration_seconds_count\{[^}]*http_response_status_code="201",http_route="/v1/checkouts"[^}]*\} 3\n""");
        text.ShouldMatch("""shop_admission_wait_seconds_count 3\n""");
        text.ShouldMatch("""shop_journal_events_total [1-9]""");
        text.ShouldMatch("""shop_runtime_activations_live\{grain="StockGrain"\} 1\n""");
        text.ShouldMatch("""dotnet_gc_collections_total""");
        text.ShouldNotContain("M-1");
        text.ShouldNotContain(ShopHost.SecretKey);

        await using ShopHost open = await ShopHost.StartAsync("Sqlite", ("Shop:OpenMetrics", "true"));
        using var anybody = new ShopClient(open.Address, null);
        (await anybody.Get("/metrics")).ShouldBe(200);
    }

    [PrometheusFact]
    public async Task The_real_prometheus_takes_the_figures_and_the_alarms_without_a_warning()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite");
        await host.Admin.Stock("M-2", 5);
        (await host.Admin.Checkout("M-2")).ShouldBe(201);
        (await host.Admin.Checkout("M-2", quantity: 50)).ShouldBe(409);
        (int code, string said) = await RunAsync("promtool", ["check", "metrics"], (await host.Admin.Get("/metrics")).ShouldBe(200).Text);
        (code, said.Trim()).ShouldBe((0, ""));
        string rules = Path.Combine(Repository.Root, "deploy", "prometheus", "alerts.yaml");
        (code, said) = await RunAsync("promtool", ["check", "rules", rules], null);
        code.ShouldBe(0, said);

        // Every metric that an alarm or the dashboard asks for is one that there is.
        DirectoryInfo place = Directory.CreateTempSubdirectory("prometheus-");
        int port = Ports.Free();
        await File.WriteAllTextAsync(Path.Combine(place.FullName, "prometheus.yaml"), $$"""
            global: { scrape_interval: 1s, evaluation_interval: 1s }
            rule_files: ["{{rules}}"]
            scrape_configs:
              - job_name: shop-gateway
                authorization: { credentials: "{{ShopHost.SecretKey}}" }
                static_configs: [{ targets: ["{{host.Address.Authority}}"] }]
            """);
        using Process server = Process.Start(new ProcessStartInfo("prometheus",
        [
            $"--config.file={place.FullName}/prometheus.yaml", $"--storage.tsdb.path={place.FullName}/data", $"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
        ])
        { RedirectStandardError = true })!;
        var log = new ConcurrentQueue<string>();
        server.ErrorDataReceived += (_, e) =>
        {
            if (e.Data is not null) log.Enqueue(e.Data);
        };
        server.BeginErrorReadLine();
        try
        {
            using var prometheus = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            JsonNode? target = null;
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while ((string?)target?["health"] != "up" || (string?)(await QueryAsync(prometheus, "shop_journal_commits_total"))?["value"]?[1] is null)
            {
                await Task.Delay(200, limit.Token);
                target = (await JsonAsync(prometheus, "/api/v1/targets"))?["data"]?["activeTargets"]?.AsArray().FirstOrDefault();
            }

            ((string)target!["lastError"]!).ShouldBe("");
            JsonNode groups = (await JsonAsync(prometheus, "/api/v1/rules"))!["data"]!["groups"]!;
            groups[0]!["rules"]!.AsArray().Count.ShouldBe(9);
            groups[0]!["rules"]!.AsArray().ShouldAllBe(r => (string)r!["health"]! != "err");
            JsonNode names = (await JsonAsync(prometheus, "/api/v1/label/__name__/values"))!["data"]!;
            HashSet<string> known = [.. names.AsArray().Select(n => (string)n!)];
            // These come with their first occasion.
            known.UnionWith(["shop_admission_refused_total", "shop_journal_stale_total", "shop_stream_parked_total", "shop_runtime_calls_refused_total"]);
            string asked = await File.ReadAllTextAsync(rules) + await File.ReadAllTextAsync(Path.Combine(Repository.Root, "deploy", "grafana", "shop.json"));
            foreach (System.Text.RegularExpressions.Match name in System.Text.RegularExpressions.Regex.Matches(asked, "\\b(shop|http_server|dotnet)_[a-z_]+")) known.ShouldContain(name.Value);
            log.Where(l => l.Contains("level=warn", StringComparison.Ordinal) || l.Contains("level=error", StringComparison.Ordinal)).ShouldBeEmpty();
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
            place.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_checkout_is_one_trace_from_the_request_to_the_journal_sent_by_otlp()
    {
        var received = new ConcurrentBag<byte[]>();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        await using WebApplication collector = builder.Build();
        collector.Urls.Add("http://127.0.0.1:0");
        collector.MapPost("/v1/traces", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            received.Add(body.ToArray());
            return Results.Ok();
        });
        await collector.StartAsync();
        using StorePlace place = await StorePlace.CreateAsync("Sqlite");
        await using GatewayProcess shop = await GatewayProcess.StartAsync(
            place, new("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Urls.First()), new("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), new("OTEL_SERVICE_NAME", "shop-under-test"));
        await shop.Admin.Stock("T-1", 5);
        const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        (await shop.Admin.Send(
            HttpMethod.Post, "/v1/checkouts", ShopClient.CheckoutBody("T-1", 1, "tok_approve"), ("traceparent", $"00-{Trace}-00f067aa0ba902b7-01"))).ShouldBe(201);
        (await shop.StopAsync()).ShouldBe(0);

        byte[][] sent = [.. received];
        byte[] all = [.. sent.SelectMany(b => b)];
        string text = Encoding.Latin1.GetString(all);
        // Names are readable in the protocol, ids are bytes.
        foreach (string part in new[] { "shop-under-test", "POST /v1/checkouts", "IOrderGrain/Place", "IStockGrain/Reserve", "stock/T-1", "IPaymentGrain/Authorise", "journal commit" }) text.ShouldContain(part);
        string id = Encoding.Latin1.GetString(Convert.FromHexString(Trace));
        (text.Split(id).Length - 1).ShouldBeGreaterThan(8);
        text.ShouldNotContain(ShopHost.SecretKey);
    }

    private static async Task<JsonNode?> JsonAsync(HttpClient http, string path)
    {
        try
        {
            using HttpResponseMessage answer = await http.GetAsync(new Uri(path, UriKind.Relative));
            return answer.StatusCode == HttpStatusCode.OK ? JsonNode.Parse(await answer.Content.ReadAsStringAsync()) : null;
        }
        catch (HttpRequestException)
        {
            // Not listening yet.
            return null;
        }
    }

    private static async Task<JsonNode?> QueryAsync(HttpClient http, string query) =>
        (await JsonAsync(http, $"/api/v1/query?query={query}"))?["data"]?["result"]?.AsArray().FirstOrDefault();

    private static async Task<(int Code, string Said)> RunAsync(string command, string[] arguments, string? input)
    {
        using Process process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        if (input is not null) await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        string[] said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, string.Concat(said));
    }
}

/// <summary>A fact about the real Prometheus; skipped, with the reason, where there is none.</summary>
public sealed class PrometheusFactAttribute : FactAttribute
{
    public PrometheusFactAttribute()
    {
        bool isHere = new[] { "prometheus", "promtool" }.All(name =>
            (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(directory => File.Exists(Path.Combine(directory, name))));
        if (!isHere) Skip = "Prometheus is not installed (Debian: apt-get install prometheus).";
    }
}
