using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Shop.Journaling;
using Shop.Recovery;

namespace Shop.Hosting;

/// <summary>
/// Sees to it that every partition is watched for interrupted work. It asks again every few seconds, so that the partitions of
/// a silo that died are watched by another before a minute's reminder would find out.
/// </summary>
internal sealed class RecoveryWatch(IGrainFactory grains, TimeProvider clock, ILogger<RecoveryWatch> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(3);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        do
        {
            await Task.WhenAll(Enumerable.Range(0, IJournalStore.PartitionCount).Select(WatchAsync));
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task WatchAsync(int partition)
    {
        try
        {
            await grains.GetGrain<IRecoveryGrain>(partition.ToString(CultureInfo.InvariantCulture)).Watch();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            SiloLog.PartitionUnwatched(log, e, partition);
        }
    }
}

internal static partial class SiloLog
{
    [LoggerMessage(101, LogLevel.Warning, "Partition {Partition} is not watched for interrupted work now; it is asked again")]
    public static partial void PartitionUnwatched(ILogger log, Exception error, int partition);
}
