using System.Diagnostics;
using System.Globalization;
using Shop.Load.Targets;
using Shop.Testing;

namespace Shop.Load;

/// <summary>What carts cost that lie there: everybody has filled one and gone away. Then how fast some of them come back after a restart.</summary>
/// <param name="MadePerSecond">How many were made a second, each durable.</param>
/// <param name="BytesEach">The heap of each.</param>
/// <param name="BackPerSecond">How many come back a second after a restart.</param>
/// <param name="Wrong">How many came back wrong.</param>
public sealed record IdleCarts(double MadePerSecond, long BytesEach, double BackPerSecond, int Wrong)
{
    private const int Callers = 256, BackMax = 20_000;
    private const string Sku = "idle-1";

    /// <summary>Measures and prints; 1 when a cart came back wrong.</summary>
    public static async Task<int> RunAsync(int carts)
    {
        IdleCarts figures = await MeasureAsync(carts);
        Line($"{carts:N0} carts with a line each: {figures.MadePerSecond:N0} a second, two durable commits each");
        Line($"memory of each, in use as an actor: {figures.BytesEach:N0} bytes, {(figures.BytesEach * carts) >> 20:N0} MiB in all");
        Line($"after a restart {Math.Min(carts, BackMax):N0} of them are asked for: {figures.BackPerSecond:N0} come back a second, {figures.Wrong} wrong");
        return figures.Wrong == 0 ? 0 : 1;
    }

    /// <summary>Measures.</summary>
    public static async Task<IdleCarts> MeasureAsync(int carts)
    {
        if (PostgreSqlServer.SkipReason is { } reason) throw new InvalidOperationException(reason);
        using var server = new PostgreSqlServer();
        var all = new ParallelOptions { MaxDegreeOfParallelism = Callers };
        double made;
        long bytes;
        await using (GrainTarget shop = await GrainTarget.StartAsync([new("Shop:ConnectionString", server.Socket)]))
        {
            await shop.PrepareAsync(Sku, 1);
            await Parallel.ForAsync(0, 1_000, all, async (i, _) => await shop.FillCartAsync($"warm-{i}", Sku));
            long before = GC.GetTotalMemory(forceFullCollection: true), began = Stopwatch.GetTimestamp();
            await Parallel.ForAsync(0, carts, all, async (i, _) => await shop.FillCartAsync($"cart-{i}", Sku));
            made = carts / Stopwatch.GetElapsedTime(began).TotalSeconds;
            // What follows from the events is counted, and what was needed for it let go of.
            await Task.Delay(TimeSpan.FromSeconds(5));
            bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / carts;
        }

        int back = Math.Min(carts, BackMax), wrong = 0;
        await using GrainTarget again = await GrainTarget.StartAsync([new("Shop:ConnectionString", server.Socket)]);
        long since = Stopwatch.GetTimestamp();
        await Parallel.ForAsync(0, back, all, async (i, _) =>
        {
            if (await again.UnitsOfCartAsync($"cart-{(long)i * carts / back}") != 1) Interlocked.Increment(ref wrong);
        });
        return new IdleCarts(made, bytes, back / Stopwatch.GetElapsedTime(since).TotalSeconds, wrong);
    }

    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
