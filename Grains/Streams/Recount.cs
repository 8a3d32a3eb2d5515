using Shop.Analytics;
using Shop.Events;

namespace Shop.Streams;

/// <summary>Counts the whole journal again, in memory and in one go, and compares with what a projection has.</summary>
internal sealed class Recount(IJournalStore journal, IProjectionStore projections)
{
    private const int AttemptsMax = 20, CommitsMax = 1_000, DifferencesMax = 100;

    public async Task<RecountResult?> RunAsync(Projection projection)
    {
        long commits = 0, events = 0;
        int rows = 0;
        ImmutableArray<string>.Builder differences = ImmutableArray.CreateBuilder<string>();
        for (int partition = 0; partition < IJournalStore.PartitionCount; partition++)
        {
            if (await RunAsync(projection, partition) is not { } part) return null;
            (commits, events, rows) = (commits + part.Commits, events + part.Events, rows + part.Rows);
            differences.AddRange(part.Differences.Take(DifferencesMax - differences.Count));
        }

        return new RecountResult(projection.Name, commits, events, rows, differences.ToImmutable());
    }

    private async Task<RecountResult?> RunAsync(Projection projection, int partition)
    {
        var recounted = new ProjectionRows();
        JournalPosition at = JournalPosition.Start;
        long commits = 0, events = 0;
        for (int attempt = 0; attempt < AttemptsMax; attempt++)
        {
            ProjectionPlace? place = await projections.ReadPlaceAsync(projection.Name, partition, CancellationToken.None);
            if (place is not null && place.RulesVersion != projection.RulesVersion)
                return new RecountResult(projection.Name, commits, events, 0, [$"partition {partition} still has rows of rules {place.RulesVersion}; they are being made again"]);
            JournalPosition goal = place?.Position ?? JournalPosition.Start;
            while (at < goal)
            {
                IReadOnlyList<PositionedCommit> page = await journal.ReadPartitionAsync(partition, at, CommitsMax, CancellationToken.None);
                foreach ((JournalCommit commit, JournalPosition position) in page.TakeWhile(c => c.Position <= goal))
                {
                    foreach (ShopEvent @event in JournalEvents.Of(commit))
                    {
                        await projection.Apply(@event, recounted);
                        events++;
                    }

                    at = position;
                    commits++;
                }

                if (page.Count == 0) return new RecountResult(projection.Name, commits, events, 0, [$"partition {partition} has read on beyond the end of the journal"]);
            }

            ProjectionRow[] known = await projections.ReadAllAsync(projection.Name, partition, "", "\U0010FFFF").ToArrayAsync();
            if (await projections.ReadPlaceAsync(projection.Name, partition, CancellationToken.None) != place) continue;
            return Compare(projection, partition, commits, events, recounted, known);
        }

        return null;
    }

    // Rows that are removed when no event can need them any more say nothing by themselves; what they led to is compared.
    private static bool IsPassing(Projection projection, string key) => projection.PassingPrefix is { } prefix && key.StartsWith(prefix, StringComparison.Ordinal);

    private static RecountResult Compare(Projection projection, int partition, long commits, long events, ProjectionRows recounted, ProjectionRow[] known)
    {
        Dictionary<string, string> stored = known.Where(r => !IsPassing(projection, r.Key)).ToDictionary(r => r.Key, r => r.Payload);
        ImmutableArray<string>.Builder differences = ImmutableArray.CreateBuilder<string>();
        int rows = 0;
        foreach ((string key, string? payload, _) in recounted.Changes().Where(r => !IsPassing(projection, r.Key)))
        {
            rows++;
            if (!stored.Remove(key, out string? was)) was = null;
            if (was != payload) differences.Add($"{key} in partition {partition}: {was ?? "nothing"} is stored, {payload ?? "nothing"} is right");
        }

        differences.AddRange(stored.Select(s => $"{s.Key} in partition {partition}: {s.Value} is stored, nothing is right"));
        return new RecountResult(projection.Name, commits, events, rows, differences.ToImmutable());
    }
}
