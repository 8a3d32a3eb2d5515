using System.Runtime.CompilerServices;
using Shop.Events;
using Shop.Hosting;
using Shop.Journaling;

namespace Shop.Streams;

/// <summary>All events of a shop, from the first to those of now, for reports. It may be read beside a shop that runs.</summary>
public sealed class EventHistory(ShopOptions options) : IAsyncDisposable
{
    private const int CommitsMax = 1_000;
    private readonly IJournalStore _journal = ShopSiloExtensions.CreateStore(options);

    /// <summary>Reads the events partition by partition, in order within each key; with every page, what share of the journal is done.</summary>
    public async IAsyncEnumerable<(IReadOnlyList<ShopEvent> Events, double Done)> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await _journal.EnsureSchemaAsync(cancellation);
        for (int partition = 0; partition < IJournalStore.PartitionCount; partition++)
        {
            JournalPosition at = JournalPosition.Start, end = await _journal.ReadEndAsync(partition, cancellation);
            while (at < end)
            {
                IReadOnlyList<PositionedCommit> commits = await _journal.ReadPartitionAsync(partition, at, CommitsMax, cancellation);
                if (commits.Count == 0) break;
                at = commits[^1].Position;
                yield return ([.. commits.SelectMany(c => JournalEvents.Of(c.Commit))], (partition + Math.Min(1, (double)at.Number / end.Number)) / IJournalStore.PartitionCount);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_journal is IAsyncDisposable disposable) await disposable.DisposeAsync();
        else (_journal as IDisposable)?.Dispose();
    }
}
