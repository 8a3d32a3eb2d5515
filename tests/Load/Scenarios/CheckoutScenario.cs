using Shop.Load.Targets;

namespace Shop.Load.Scenarios;

/// <summary>Express checkouts of some lines over many SKUs, evenly or some much more often than others (Zipf).</summary>
public sealed class CheckoutScenario(int skus, bool zipf, int linesEach = 3) : IScenario
{
    private const long Units = 50_000_000;
    private readonly string _run = Guid.NewGuid().ToString("N")[..8];
    private readonly Zipf? _zipf = zipf ? new Zipf(skus, 1.0) : null;
    private long _units;

    /// <inheritdoc/>
    public Arrivals Arrivals(LoadOptions options) => options.ToArrivals(callers: 64);

    /// <inheritdoc/>
    public Task PrepareAsync(IShopTarget target, Action<double> progress) => Checks.EachAsync([.. Enumerable.Range(0, skus)], i => target.PrepareAsync(Sku(i), Units / skus), progress);

    /// <inheritdoc/>
    public async Task<Outcome> RequestAsync(IShopTarget target, long number)
    {
        Random random = Random.Shared;
        int Next() => _zipf?.Next(random) ?? random.Next(skus);
        LoadLine[] lines = [.. Enumerable.Range(0, linesEach).Select(_ => Next()).Distinct().Select(i => new LoadLine(Sku(i), 1))];
        Outcome outcome = await target.CheckoutAsync(lines, $"{_run}-{number}");
        if (outcome == Outcome.Done) Interlocked.Add(ref _units, lines.Length);
        return outcome;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> VerifyAsync(IShopTarget target, Recorder recorder)
    {
        long sold = 0;
        List<string> wrong = [];
        await Checks.EachAsync([.. Enumerable.Range(0, skus)], async i =>
        {
            (StockFigures? stock, string? reason) = await Checks.SettledAsync(target, Sku(i), held: false);
            lock (wrong)
            {
                if (reason is not null) wrong.Add(reason);
                sold += stock?.Sold ?? 0;
            }
        });
        long unknown = recorder.Total(Outcome.Failed) * linesEach;
        if (sold < _units || sold > _units + unknown) wrong.Add($"orders of {_units} units were placed, {sold} units are sold");
        return wrong;
    }

    internal string Product(int i) => "p-" + Sku(i);

    private string Sku(int i) => $"{_run}-s{i}";
}

/// <summary>Ranks of which the first comes most often, the second half as often with exponent 1, and so on.</summary>
public sealed class Zipf
{
    private readonly double[] _upTo;

    /// <summary>So many ranks.</summary>
    public Zipf(int count, double exponent)
    {
        _upTo = new double[count];
        double sum = 0;
        for (int i = 0; i < count; i++) _upTo[i] = sum += 1 / Math.Pow(i + 1, exponent);
        for (int i = 0; i < count; i++) _upTo[i] /= sum;
    }

    /// <summary>A rank, from 0.</summary>
    public int Next(Random random)
    {
        int at = Array.BinarySearch(_upTo, random.NextDouble());
        return Math.Min(at >= 0 ? at : ~at, _upTo.Length - 1);
    }
}
