using System.Globalization;
using Orleans;
using Orleans.Runtime;
using Shop.Journaling;
using Shop.Recovery;

namespace Shop.Hosting;

/// <summary>Has every partition watched for interrupted work from the start.</summary>
internal sealed class RecoveryStartup(IGrainFactory grains) : IStartupTask
{
    public Task Execute(CancellationToken cancellationToken) => Task.WhenAll(Enumerable.Range(0, IJournalStore.PartitionCount)
        .Select(p => grains.GetGrain<IRecoveryGrain>(p.ToString(CultureInfo.InvariantCulture)).Watch()));
}
