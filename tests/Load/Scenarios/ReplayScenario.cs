using Shop.Gateway.Import;
using Shop.Load.Targets;

namespace Shop.Load.Scenarios;

/// <summary>The orders of the Online Retail file, in their order and at their distances, faster than they came.</summary>
public sealed class ReplayScenario : IScenario
{
    private readonly PlannedOrder[] _orders;
    private readonly Dictionary<string, long> _units;
    private readonly double _speedUp;
    private readonly string _run = Guid.NewGuid().ToString("N")[..8];
    private int _placed;

    /// <summary>Reads the file.</summary>
    public ReplayScenario(string file, double speedUp)
    {
        using var reader = new StreamReader(file);
        _orders = [.. RetailPlan.Read(reader).Orders.OrderBy(o => o.At)];
        _units = _orders.SelectMany(o => o.Lines).GroupBy(l => l.Sku.Value).ToDictionary(g => g.Key, g => g.Sum(l => (long)l.Quantity));
        _speedUp = speedUp;
    }

    /// <inheritdoc/>
    public Arrivals Arrivals(LoadOptions options) => new(
        1, number => number < _orders.Length ? (_orders[number].At - _orders[0].At) / _speedUp : null, _orders.Length, TimeSpan.Zero,
        ((_orders[^1].At - _orders[0].At) / _speedUp) + TimeSpan.FromSeconds(2));

    /// <inheritdoc/>
    public Task PrepareAsync(IShopTarget target, Action<double> progress) => Checks.EachAsync([.. _units], s => target.PrepareAsync(Sku(s.Key), s.Value), progress);

    /// <inheritdoc/>
    public async Task<Outcome> RequestAsync(IShopTarget target, long number)
    {
        LoadLine[] lines = [.. _orders[number].Lines.GroupBy(l => l.Sku.Value).Select(g => new LoadLine(Sku(g.Key), g.Sum(l => l.Quantity)))];
        Outcome outcome = await target.CheckoutAsync(lines, $"{_run}-{number}");
        if (outcome == Outcome.Done) Interlocked.Increment(ref _placed);
        return outcome;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> VerifyAsync(IShopTarget target, Recorder recorder)
    {
        List<string> wrong = _placed == _orders.Length ? [] : [$"{_placed} of {_orders.Length} orders were placed"];
        await Checks.EachAsync([.. _units], async unit =>
        {
            (StockFigures? stock, string? reason) = await Checks.SettledAsync(target, Sku(unit.Key), held: false);
            lock (wrong)
            {
                if (reason is not null) wrong.Add(reason);
                else if (stock is not null && _placed == _orders.Length && stock.OnHand != 0) wrong.Add($"everything was sold, and {unit.Key} has {stock.OnHand} left");
            }
        });
        return wrong;
    }

    private string Sku(string sku) => $"{_run}-{sku}";
}
