using System.Diagnostics;
using System.Globalization;
using Shop.Load.Scenarios;
using Shop.Load.Targets;
using Shop.Testing;

namespace Shop.Load;

/// <summary>How long a process takes to its first answer, and how fast grains come back that nobody has asked for since it started.</summary>
public static class ColdStart
{
    private const int Callers = 128, Starts = 3;

    /// <summary>Measures and prints; 1 when a grain came back wrong.</summary>
    public static async Task<int> RunAsync(int skus)
    {
        if (PostgreSqlServer.SkipReason is { } reason) throw new InvalidOperationException(reason);
        using var server = new PostgreSqlServer();
        string[] names = [.. Enumerable.Range(0, skus).Select(i => $"cold-{i}")];
        (HttpTarget target, _) = await GatewayProcess.StartAsync(server.Socket);
        await using (target)
        {
            await Checks.EachAsync(names, name => target.PrepareAsync(name, 7));
            // A second commit each: what comes back is more than one row.
            await Checks.EachAsync(names, async name =>
            {
                if (await target.ReserveAsync(name, $"r-{name}") != Outcome.Done) throw new IOException($"{name} could not be reserved.");
            });
        }

        List<double> starts = [], rates = [];
        int wrong = 0;
        for (int i = 0; i < Starts; i++)
        {
            (HttpTarget cold, GatewayProcess process) = await GatewayProcess.StartAsync(server.Socket);
            await using HttpTarget own = cold;
            starts.Add(process.FirstAnswerAfter.TotalSeconds);
            long began = Stopwatch.GetTimestamp();
            await Parallel.ForEachAsync(names, new ParallelOptions { MaxDegreeOfParallelism = Callers }, async (name, _) =>
            {
                if (await cold.StockAsync(name) is not { OnHand: 7, Reserved: 1 }) Interlocked.Increment(ref wrong);
            });
            rates.Add(skus / Stopwatch.GetElapsedTime(began).TotalSeconds);
        }

        string Median(List<double> values, string format) => values.Order().ElementAt(values.Count / 2).ToString(format, CultureInfo.InvariantCulture);
        Console.WriteLine($"from the start of the process to its first answer: {Median(starts, "F2")} s (median of {Starts})");
        Console.WriteLine($"{skus:N0} SKUs asked for the first time, through HTTP, {Callers} callers: {Median(rates, "N0")} activations a second (median of {Starts}), {wrong} wrong");
        return wrong == 0 ? 0 : 1;
    }
}
