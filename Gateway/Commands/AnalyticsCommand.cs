using System.CommandLine;
using System.Diagnostics;
using Shop.Analytics;
using Shop.Streams;

namespace Shop.Gateway.Commands;

/// <summary>The command line's <c>analytics</c>.</summary>
internal static class AnalyticsCommand
{
    private static readonly TimeSpan PatienceMax = TimeSpan.FromMinutes(10), SayEvery = TimeSpan.FromSeconds(5);

    /// <summary>The command.</summary>
    public static Command Make()
    {
        var recount = new Command("recount", "Waits until the figures have everything, counts the whole journal again, and says whether they are equal.") { TreatUnmatchedTokensAsErrors = false };
        recount.SetAction((parsed, cancellation) => RecountAsync([.. parsed.UnmatchedTokens], cancellation));
        return new Command("analytics", "The figures of the shop.") { recount };
    }

    private static async Task<int> RecountAsync(string[] settings, CancellationToken cancellation)
    {
        using IHost host = await CommandLine.StartShopAsync(settings, cancellation);
        try
        {
            IGrainFactory grains = host.Services.GetRequiredService<IGrainFactory>();
            if (!await WaitAsync(grains.GetGrain<IStreamsGrain>(IStreamsGrain.Key), cancellation)) return CommandLine.Failed;
            bool isEqual = true;
            foreach (RecountResult result in await grains.GetGrain<IAnalyticsGrain>(IAnalyticsGrain.Key).RecountAll())
            {
                Console.WriteLine($"{result.Projection}: {result.Events:N0} events of {result.Commits:N0} commits make {result.Rows:N0} rows, {(result.Differences.IsEmpty ? "equal" : "which differ")}");
                foreach (string difference in result.Differences) Console.WriteLine("  " + difference);
                isEqual &= result.Differences.IsEmpty;
            }

            return isEqual ? 0 : CommandLine.Failed;
        }
        catch (OperationCanceledException)
        {
            return CommandLine.Stopped;
        }
        finally
        {
            await host.StopAsync(CancellationToken.None);
        }
    }

    private static async Task<bool> WaitAsync(IStreamsGrain streams, CancellationToken cancellation)
    {
        int said = 0;
        for (long began = Stopwatch.GetTimestamp(); ;)
        {
            StreamsStatus status = await streams.Status();
            if (status.Consumers.All(c => c.CommitsBehind == 0)) return true;
            Console.Error.WriteLine($"{status.Consumers.Max(c => c.CommitsBehind):N0} commits or more are not in the figures yet");
            if (Stopwatch.GetElapsedTime(began) > PatienceMax) return false;
            await Task.Delay(said == 0 ? TimeSpan.FromSeconds(1) : SayEvery, cancellation);
            said++;
        }
    }
}
