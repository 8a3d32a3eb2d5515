using Shop.Load.Scenarios;
using Shop.Load.Targets;
using Spectre.Console;

namespace Shop.Load;

/// <summary>What a run came to.</summary>
public sealed record LoadResult(string Scenario, string Target, Arrivals Arrivals, Recorder Recorder, IReadOnlyList<string> Violations)
{
    /// <summary>Whether the shop was right, whatever it was like otherwise.</summary>
    public bool IsRight => Violations.Count == 0;
}

/// <summary>One run of a scenario against a target: prepare, load, verify.</summary>
public static class LoadRun
{
    /// <summary>Runs.</summary>
    public static async Task<LoadResult> RunAsync(string name, IScenario scenario, IShopTarget target, LoadOptions options, CancellationToken cancellation)
    {
        IAnsiConsole console = AnsiConsole.Console;
        await console.Progress().AutoClear(true).StartAsync(async progress =>
        {
            ProgressTask task = progress.AddTask($"preparing {name}", maxValue: 1);
            await scenario.PrepareAsync(target, done => task.Value = done);
        });
        Arrivals arrivals = scenario.Arrivals(options);
        Recorder recorder = await LoadEngine.RunAsync(arrivals, number => scenario.RequestAsync(target, number), (r, stop) => WatchAsync(name, scenario, target, r, stop), cancellation);
        LiveLine.Clear();
        return new LoadResult(name, target.Name, arrivals, recorder, await scenario.VerifyAsync(target, recorder));
    }

    // Once a second: what the plots need, and a line for whoever waits.
    private static async Task WatchAsync(string name, IScenario scenario, IShopTarget target, Recorder recorder, CancellationToken stop)
    {
        var line = new LiveLine(name);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (await timer.WaitForNextTickAsync(stop))
        {
            Second second = recorder.Now;
            try
            {
                second.WorkingSet = target.WorkingSet;
                if (scenario.WatchedSku is { } sku) second.Stock = (await target.StockAsync(sku))?.Available;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // A target that is too busy to say, or just gone, leaves a gap in the plot.
            }

            line.Show(recorder);
        }
    }
}
