using Shop.Load.Targets;

namespace Shop.Load.Scenarios;

/// <summary>A drop: so many units of one SKU, and everybody wants one in the same second. Some click twice, all try again with their key.</summary>
public sealed class FlashSaleScenario(int units, int buyers) : IScenario
{
    private const double ClicksTwice = 0.2;
    private const int AttemptsMax = 30;
    private readonly string _sku = $"drop-{Guid.NewGuid():N}"[..16];
    private readonly string _run = Guid.NewGuid().ToString("N")[..8];
    private int _bought, _twice;

    /// <inheritdoc/>
    public string? WatchedSku => _sku;

    /// <inheritdoc/>
    public Arrivals Arrivals(LoadOptions options) => new(buyers, Load.Arrivals.PerSecond(options.Rate ?? buyers), buyers, TimeSpan.Zero, options.Duration);

    /// <inheritdoc/>
    public Task PrepareAsync(IShopTarget target, Action<double> progress) => target.PrepareAsync(_sku, units);

    /// <inheritdoc/>
    public async Task<Outcome> RequestAsync(IShopTarget target, long number)
    {
        string key = $"{_run}-{number}";
        if (Random.Shared.NextDouble() >= ClicksTwice) return await BuyAsync(target, key);
        Outcome[] both = await Task.WhenAll(BuyAsync(target, key, counts: false), BuyAsync(target, key));
        // Two clicks are one order: they are told the same.
        if (both[0] != both[1]) Interlocked.Increment(ref _twice);
        return both[1];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> VerifyAsync(IShopTarget target, Recorder recorder)
    {
        (StockFigures? stock, string? wrong) = await Checks.SettledAsync(target, _sku, held: false);
        List<string> found = wrong is null ? [] : [wrong];
        int expected = Math.Min(units, buyers);
        if (_bought != expected) found.Add($"{_bought} of {buyers} buyers got one of {units} units");
        if (stock is not null && stock.Sold != expected) found.Add($"{stock.Sold} of {units} units are sold to {buyers} buyers");
        if (_twice > 0) found.Add($"{_twice} buyers who clicked twice were told two different things");
        return found;
    }

    private async Task<Outcome> BuyAsync(IShopTarget target, string key, bool counts = true)
    {
        for (int attempt = 1; ; attempt++)
        {
            Outcome outcome;
            try
            {
                outcome = await target.CheckoutAsync([new LoadLine(_sku, 1)], key);
            }
            catch (Exception e) when (e is IOException or TimeoutException or System.Net.Sockets.SocketException)
            {
                // Nobody knows; the key finds out.
                outcome = Outcome.Failed;
            }

            if (outcome == Outcome.Done && counts) Interlocked.Increment(ref _bought);
            if (outcome is Outcome.Done or Outcome.Refused || attempt == AttemptsMax) return outcome;
            await Task.Delay(Random.Shared.Next(100, 300) * Math.Min(attempt, 5));
        }
    }
}
