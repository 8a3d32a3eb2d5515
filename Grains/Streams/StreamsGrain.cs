using System.Globalization;

namespace Shop.Streams;

/// <inheritdoc cref="IStreamsGrain"/>
[StatelessWorker, GrainType("streams")]
public sealed class StreamsGrain(IJournalStore journal, IProjectionStore projections) : Grain, IStreamsGrain
{
    private const int ParkedMax = 1_000;

    /// <inheritdoc/>
    public async Task<StreamsStatus> Status()
    {
        Dictionary<(string Projection, int Partition), JournalPosition> known = (await projections.ReadPositionsAsync(CancellationToken.None)).ToDictionary(p => (p.Projection, p.Partition), p => p.Position);
        ImmutableArray<ConsumerStatus>.Builder consumers = ImmutableArray.CreateBuilder<ConsumerStatus>();
        foreach ((Projection projection, _) in Consumers.All)
        {
            (long behind, long? ahead) = (0, null);
            for (int partition = 0; partition < IJournalStore.PartitionCount; partition++)
            {
                behind += await BehindAsync(partition, known.GetValueOrDefault((projection.Name, partition)));
                if (known.TryGetValue((projection.Replacement, partition), out JournalPosition rebuilt)) ahead = (ahead ?? 0) + await BehindAsync(partition, rebuilt);
            }

            consumers.Add(new ConsumerStatus(projection.Name, behind, ahead));
        }

        IReadOnlyList<ParkedEvent> parked = await projections.ReadParkedAsync(null, null, ParkedMax, CancellationToken.None);
        return new StreamsStatus(consumers.ToImmutable(), [.. parked.Select(p => new ParkedEventView(p.Projection, p.EventId, p.Subject, p.Error, p.ParkedAt))]);
    }

    /// <inheritdoc/>
    public async Task<int?> Replay(string consumer)
    {
        int left = 0;
        return await EachAsync(consumer, async grain => left += await grain.Replay()) ? left : null;
    }

    /// <inheritdoc/>
    public Task<bool> Rebuild(string consumer) => EachAsync(consumer, grain => grain.Rebuild());

    private async Task<bool> EachAsync(string consumer, Func<IProjectionGrain, Task> ask)
    {
        Func<IGrainFactory, string, IProjectionGrain>? find = Consumers.All.FirstOrDefault(c => c.Projection.Name == consumer).Grain;
        if (find is null) return false;
        for (int partition = 0; partition < IJournalStore.PartitionCount; partition++) await ask(find(GrainFactory, partition.ToString(CultureInfo.InvariantCulture)));
        return true;
    }

    private async Task<int> BehindAsync(int partition, JournalPosition position) =>
        (await journal.ReadPartitionAsync(partition, position, IStreamsGrain.BehindMax, CancellationToken.None)).Count;
}
