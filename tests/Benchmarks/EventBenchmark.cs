using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Shop.Gateway;

namespace Shop.Benchmarks;

/// <summary>What events cost, through HTTP and with their consumers at work. Arguments: seconds, then settings of the shop.</summary>
internal static class EventBenchmark
{
    private const string Key = "sk_benchmark_0123456789abcdef";
    private const int Products = 1_000, ViewsPerBatch = 200, ViewClients = 16, Buyers = 64, LinesPerOrder = 3;

    /// <summary>Views in batches, as fast as they are taken; then whether each of them was counted.</summary>
    public static async Task ViewsAsync(string[] args)
    {
        await using WebApplication shop = await StartAsync(args[1..]);
        using HttpClient http = Client(shop);
        long peak = 0, accepted = 0;
        using var stop = new CancellationTokenSource(Seconds(args));
        Task watching = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested || Volatile.Read(ref peak) == 0)
            {
                using var self = Process.GetCurrentProcess();
                peak = Math.Max(peak, self.WorkingSet64);
                await Task.Delay(100);
            }
        });
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, ViewClients).Select(client => Task.Run(async () =>
        {
            var random = new Random(client);
            while (!stop.IsCancellationRequested)
            {
                string body = $"{{\"views\":[{string.Join(',', Enumerable.Range(0, ViewsPerBatch).Select(_ => $"{{\"productId\":\"p{random.Next(Products)}\",\"sessionId\":\"v{random.Next(100_000)}\"}}"))}]}}";
                using HttpResponseMessage answer = await http.PostAsync("/v1/views", new StringContent(body, Encoding.UTF8, "application/json"));
                answer.EnsureSuccessStatusCode();
                Interlocked.Add(ref accepted, ViewsPerBatch);
            }
        })));
        double seconds = watch.Elapsed.TotalSeconds;
        await watching;
        Console.WriteLine($"views {accepted / seconds:F0} a second accepted and durable, client included; peak working set {peak / 1048576} MiB, client included");
        long counted = 0;
        for (int i = 0; i < 600 && counted < accepted; i++)
        {
            await Task.Delay(500);
            counted = (long)(await http.GetFromJsonAsync<JsonNode>("/v1/analytics/funnel?window=day"))!["views"]!;
        }

        Console.WriteLine($"{counted} of {accepted} counted, {watch.Elapsed.TotalSeconds - seconds:F1} s after the last was accepted");
        if (counted != accepted) Environment.ExitCode = 1;
        await shop.StopAsync();
    }

    /// <summary>Checkouts as fast as they go, then at half of that; how long events take to their consumers meanwhile.</summary>
    public static async Task LatencyAsync(string[] args)
    {
        ConcurrentQueue<double> delays = new();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Name == "shop.stream.delay") l.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((_, value, _, _) => delays.Enqueue(value));
        listener.Start();
        await using WebApplication shop = await StartAsync(args[1..]);
        using HttpClient http = Client(shop);
        await FillAsync(http);
        double most = await BuyAsync(http, Seconds(args), perSecond: null);
        await Task.Delay(TimeSpan.FromSeconds(10));
        delays.Clear();
        double half = await BuyAsync(http, Seconds(args), most / 2);
        double[] sorted = [.. delays.Order()];
        string At(double share) => $"{sorted[(int)(sorted.Length * share)] * 1_000:F0} ms";
        Console.WriteLine($"checkouts of {LinesPerOrder} lines: {most:F0} a second at most; at {half:F0} a second an event takes {At(0.5)} to its consumer (median), {At(0.99)} (p99), of {sorted.Length} deliveries");
        await shop.StopAsync();
    }

    private static TimeSpan Seconds(string[] args) => TimeSpan.FromSeconds(int.Parse(args[0], System.Globalization.CultureInfo.InvariantCulture));

    private static async Task<double> BuyAsync(HttpClient http, TimeSpan time, double? perSecond)
    {
        long done = 0, begun = 0;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Buyers).Select(b => Task.Run(async () =>
        {
            var random = new Random(b);
            while (watch.Elapsed < time)
            {
                double due = perSecond is { } rate ? Interlocked.Increment(ref begun) / rate : 0;
                if (due > watch.Elapsed.TotalSeconds) await Task.Delay(TimeSpan.FromSeconds(due - watch.Elapsed.TotalSeconds));
                string lines = string.Join(',', Enumerable.Range(0, LinesPerOrder).Select(_ => random.Next(Products)).Distinct().Select(p => $"{{\"sku\":\"s{p}\",\"quantity\":1}}"));
                using HttpResponseMessage answer = await http.PostAsync("/v1/checkouts",
                    new StringContent($"{{\"lines\":[{lines}],\"email\":\"b@example.com\",\"payment\":{{\"method\":\"card\",\"token\":\"tok_approve\"}}}}", Encoding.UTF8, "application/json"));
                answer.EnsureSuccessStatusCode();
                Interlocked.Increment(ref done);
            }
        })));
        return done / watch.Elapsed.TotalSeconds;
    }

    private static Task FillAsync(HttpClient http) => Parallel.ForEachAsync(Enumerable.Range(0, Products), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (p, cancellation) =>
    {
        string product = $"{{\"title\":\"Product {p}\",\"variants\":[{{\"sku\":\"s{p}\",\"prices\":[{{\"amount\":1,\"currency\":\"EUR\"}}]}}]}}";
        (await http.PutAsync($"/v1/products/p{p}", new StringContent(product, Encoding.UTF8, "application/json"), cancellation)).EnsureSuccessStatusCode();
        (await http.PostAsync($"/v1/stock/s{p}/receipts", new StringContent("{\"quantity\":100000,\"reference\":\"opening\"}", Encoding.UTF8, "application/json"), cancellation)).EnsureSuccessStatusCode();
    });

    private static async Task<WebApplication> StartAsync(string[] settings)
    {
        WebApplication app = ShopGateway.Build(settings, builder =>
        {
            builder.Logging.SetMinimumLevel(LogLevel.Warning);
            builder.Environment.EnvironmentName = "Production";
            builder.Configuration.AddInMemoryCollection([
                new("Shop:SecretKey", Key), new("Shop:RateLimit:KeyRequestsPerSecond", "0"), new("urls", "http://127.0.0.1:0"), new("Shop:CallbackSecret", "whsec_benchmark_0123456789")]);
        });
        await app.StartAsync();
        return app;
    }

    private static HttpClient Client(WebApplication app)
    {
        var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        return http;
    }
}
