using Shop.Load.Targets;

namespace Shop.Load.Scenarios;

/// <summary>Everybody holds a unit of one SKU, of which there is enough: what one hot SKU can do.</summary>
public sealed class ReserveScenario : IScenario
{
    private const long Units = 1_000_000_000;
    private readonly string _sku = $"hot-{Guid.NewGuid():N}"[..16];
    private readonly string _run = Guid.NewGuid().ToString("N")[..8];

    /// <inheritdoc/>
    public string? WatchedSku => _sku;

    /// <inheritdoc/>
    public Arrivals Arrivals(LoadOptions options) => options.ToArrivals(callers: 512);

    /// <inheritdoc/>
    public Task PrepareAsync(IShopTarget target, Action<double> progress) => target.PrepareAsync(_sku, Units / 10);

    /// <inheritdoc/>
    public Task<Outcome> RequestAsync(IShopTarget target, long number) => target.ReserveAsync(_sku, $"{_run}-{number}");

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> VerifyAsync(IShopTarget target, Recorder recorder)
    {
        (StockFigures? stock, string? wrong) = await Checks.SettledAsync(target, _sku, held: true);
        if (wrong is not null) return [wrong];
        // Without an answer nobody knows whether a unit is held; with one it is.
        long done = recorder.Total(Outcome.Done), unknown = recorder.Total(Outcome.Failed);
        long taken = stock is null ? done : stock.Reserved + stock.Sold;
        return taken < done || taken > done + unknown ? [$"{done} reservations were acknowledged, {taken} units are held"] : [];
    }
}
