using System.Globalization;
using Shop.Analytics;
using Shop.Catalog;
using Shop.Customers;
using Shop.Recommendations;

namespace Shop.Streams;

/// <inheritdoc cref="IStreamsGrain"/>
[StatelessWorker, GrainType("streams")]
public sealed class StreamsGrain(IJournalStore journal, IProjectionStore projections) : Grain, IStreamsGrain
{
    private const int ParkedMax = 1_000;

    // Every consumer is named here once: operators see it, and can have it try again.
    private static readonly (string Name, Func<IGrainFactory, string, IProjectionGrain> Grain)[] Consumers =
    [
        (SalesRules.Projection, (grains, key) => grains.GetGrain<ISalesGrain>(key)),
        (AffinityRules.Projection, (grains, key) => grains.GetGrain<IAffinityGrain>(key)),
        (SearchRules.Projection, (grains, key) => grains.GetGrain<ISearchIndexGrain>(key)),
        (ActivityRules.Projection, (grains, key) => grains.GetGrain<IActivityGrain>(key)),
    ];

    /// <inheritdoc/>
    public async Task<StreamsStatus> Status()
    {
        Dictionary<(string Projection, int Partition), JournalPosition> known = (await projections.ReadPositionsAsync(CancellationToken.None)).ToDictionary(p => (p.Projection, p.Partition), p => p.Position);
        ImmutableArray<ConsumerStatus>.Builder consumers = ImmutableArray.CreateBuilder<ConsumerStatus>();
        foreach ((string name, _) in Consumers)
        {
            long behind = 0;
            for (int partition = 0; partition < IJournalStore.PartitionCount; partition++)
                behind += (await journal.ReadPartitionAsync(partition, known.GetValueOrDefault((name, partition)), IStreamsGrain.BehindMax, CancellationToken.None)).Count;
            consumers.Add(new ConsumerStatus(name, behind));
        }

        IReadOnlyList<ParkedEvent> parked = await projections.ReadParkedAsync(null, ParkedMax, CancellationToken.None);
        return new StreamsStatus(consumers.ToImmutable(), [.. parked.Select(p => new ParkedEventView(p.Projection, p.EventId, p.Subject, p.Error, p.ParkedAt))]);
    }

    /// <inheritdoc/>
    public async Task<int?> Replay(string consumer)
    {
        (string Name, Func<IGrainFactory, string, IProjectionGrain> Grain) found = Consumers.FirstOrDefault(c => c.Name == consumer);
        if (found.Name is null) return null;
        int left = 0;
        for (int partition = 0; partition < IJournalStore.PartitionCount; partition++)
            left += await found.Grain(GrainFactory, partition.ToString(CultureInfo.InvariantCulture)).Replay();
        return left;
    }
}
