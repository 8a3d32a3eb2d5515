using Shop.Load.Targets;

namespace Shop.Load.Scenarios;

/// <summary>What must be true of every SKU, whatever was asked of it.</summary>
internal static class Checks
{
    private const int AtOnce = 32, AttemptsMax = 100;

    /// <summary>Runs something for each of many, some at a time.</summary>
    public static Task EachAsync<T>(IReadOnlyList<T> items, Func<T, Task> work, Action<double>? progress = null)
    {
        int done = 0;
        return Parallel.ForEachAsync(items, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (item, _) =>
        {
            await work(item);
            progress?.Invoke((double)Interlocked.Increment(ref done) / items.Count);
        });
    }

    /// <summary>The figures of a SKU once nothing is under way any more, and what is wrong with them.</summary>
    public static async Task<(StockFigures? Figures, string? Wrong)> SettledAsync(IShopTarget target, string sku, bool held)
    {
        StockFigures? stock = null;
        for (int i = 0; i < AttemptsMax; i++)
        {
            stock = await target.StockAsync(sku);
            if (stock is null) return (null, null);
            if (held || stock.Reserved == 0) break;
            await Task.Delay(100);
        }

        string? wrong = stock!.OnHand < 0 || stock.Available < 0 ? $"{sku} is oversold: {stock}"
            : stock.Sold + stock.Reserved > stock.Received ? $"{sku} has sold more than it received: {stock}"
            : stock.OnHand != stock.Received - stock.Sold ? $"units of {sku} are not conserved: {stock}"
            : stock.Available != stock.OnHand - stock.Reserved ? $"{sku} does not add up: {stock}"
            : null;
        return (stock, wrong);
    }
}
