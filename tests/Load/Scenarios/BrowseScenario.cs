using System.Text.Json.Nodes;
using Shop.Load.Targets;

namespace Shop.Load.Scenarios;

/// <summary>
/// A day in the shop: of a hundred requests sixty look at a product, twenty say that it was looked at, fifteen put something into
/// a cart and five buy. It goes through the gateway, as visitors do.
/// </summary>
public sealed class BrowseScenario(int skus) : IScenario
{
    private readonly CheckoutScenario _buying = new(skus, zipf: true);
    private readonly Zipf _zipf = new(skus, 1.0);

    /// <inheritdoc/>
    public Arrivals Arrivals(LoadOptions options) => options.ToArrivals(callers: 64);

    /// <inheritdoc/>
    public Task PrepareAsync(IShopTarget target, Action<double> progress) => _buying.PrepareAsync(target, progress);

    /// <inheritdoc/>
    public async Task<Outcome> RequestAsync(IShopTarget target, long number)
    {
        if (target is not HttpTarget http) throw new InvalidOperationException("browse goes through a gateway; name its address with --target.");
        string product = _buying.Product(_zipf.Next(Random.Shared));
        switch (Random.Shared.Next(100))
        {
            case < 60:
                return await http.SendAsync("GET", $"/v1/products/{product}");
            case < 80:
                return await http.SendAsync("POST", $"/v1/products/{product}/views", $$"""{"sessionId":"v{{number % 10_000}}"}""");
            case < 95:
                string cart = (string)JsonNode.Parse(await http.ExpectAsync("POST", "/v1/carts", """{"currency":"EUR"}"""))!["id"]!;
                return await http.SendAsync("PUT", $"/v1/carts/{cart}/lines/{product[2..]}", """{"quantity":1}""");
            default:
                return await _buying.RequestAsync(target, number);
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> VerifyAsync(IShopTarget target, Recorder recorder) => _buying.VerifyAsync(target, recorder);
}

/// <summary>The same for long, at an even rate: memory must not grow with time.</summary>
public sealed class SoakScenario(int skus) : IScenario
{
    private const double GrowthMax = 1.5, RateDefault = 200;
    private readonly BrowseScenario _browsing = new(skus);

    /// <inheritdoc/>
    public Arrivals Arrivals(LoadOptions options) => (options with { Rate = options.Rate ?? RateDefault }).ToArrivals(callers: 64);

    /// <inheritdoc/>
    public Task PrepareAsync(IShopTarget target, Action<double> progress) => _browsing.PrepareAsync(target, progress);

    /// <inheritdoc/>
    public Task<Outcome> RequestAsync(IShopTarget target, long number) => _browsing.RequestAsync(target, number);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> VerifyAsync(IShopTarget target, Recorder recorder)
    {
        List<string> wrong = [.. await _browsing.VerifyAsync(target, recorder)];
        long[] memory = [.. recorder.Measured.Select(s => s.WorkingSet).OfType<long>()];
        if (memory.Length >= 8 && memory[^(memory.Length / 4)..].Average() > GrowthMax * memory[..(memory.Length / 4)].Average())
            wrong.Add($"memory grew from {memory[..(memory.Length / 4)].Average() / 1048576:F0} to {memory[^(memory.Length / 4)..].Average() / 1048576:F0} MiB");
        return wrong;
    }
}
