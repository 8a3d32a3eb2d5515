using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Shop.Gateway;
using Shop.Load.Targets;

namespace Shop.Load;

/// <summary>One checkout from the request to the journal, as the tree of its spans.</summary>
public static class CheckoutTrace
{
    private const string Key = "sk_trace_0123456789abcdef";
    private static readonly string[] Sources = ["Microsoft.AspNetCore", "Microsoft.Orleans.Application", "Shop.Journal"];

    /// <summary>Runs a shop on SQLite, buys two lines, and prints.</summary>
    public static async Task<int> RunAsync()
    {
        var spans = new ConcurrentBag<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => Sources.Contains(source.Name),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Add,
        };
        DirectoryInfo data = Directory.CreateTempSubdirectory("shop-trace");
        try
        {
            await using WebApplication app = ShopGateway.Build([], builder =>
            {
                builder.Logging.ClearProviders();
                builder.Environment.EnvironmentName = "Production";
                builder.Configuration.AddInMemoryCollection([new("Shop:DataDirectory", data.FullName), new("Shop:SecretKey", Key), new("urls", "http://127.0.0.1:0")]);
            });
            ActivitySource.AddActivityListener(listener);
            await app.StartAsync();
            await using var target = new HttpTarget(new Uri(app.Urls.First()), Key);
            foreach (string sku in new[] { "TEA-1", "MUG-1" }) await target.PrepareAsync(sku, 10);
            // The second one: the first still compiles.
            foreach (string key in new[] { "first", "second" }) await target.CheckoutAsync([new LoadLine("TEA-1", 1), new LoadLine("MUG-1", 2)], key);
            await Task.Delay(200);
            await app.StopAsync();
        }
        finally
        {
            data.Delete(recursive: true);
        }

        Activity request = spans.Where(s => s.Source.Name == Sources[0] && s.DisplayName.Contains("/v1/checkouts", StringComparison.Ordinal)).MaxBy(s => s.StartTimeUtc)
            ?? throw new InvalidOperationException("No span of the checkout was seen.");
        ILookup<ActivitySpanId, Activity> children = spans.Where(s => s.TraceId == request.TraceId).ToLookup(s => s.ParentSpanId);
        Console.WriteLine($"trace {request.TraceId}, times in ms");
        Print(request, 0);
        return 0;

        void Print(Activity span, int depth)
        {
            string about = (string?)span.GetTagItem("orleans.rpc.target_id") ?? (string?)span.GetTagItem("shop.grain") ?? "";
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{(span.StartTimeUtc - request.StartTimeUtc).TotalMilliseconds,6:F1} {span.Duration.TotalMilliseconds,6:F1}  {new string(' ', depth * 2)}{span.DisplayName}{(about.Length > 0 ? "  " + about : "")}"));
            foreach (Activity child in children[span.SpanId].OrderBy(c => c.StartTimeUtc)) Print(child, depth + 1);
        }
    }
}
