using Shop.Analytics;
using Shop.Events;

namespace Shop.Streams;

/// <summary>Counts the whole journal again, in memory and in one go, and compares with what a projection has.</summary>
internal sealed class Recount(IJournalStore journal, IProjectionStore projections)
{
    private const int AttemptsMax = 20, CommitsMax = 1_000, DifferencesMax = 100;

    public async Task<RecountResult?> RunAsync(string projection, Func<ShopEvent, ProjectionRows, ValueTask> rules)
    {
        long commits = 0, events = 0;
        int rows = 0;
        ImmutableArray<string>.Builder differences = ImmutableArray.CreateBuilder<string>();
        for (int partition = 0; partition < IJournalStore.PartitionCount; partition++)
        {
            if (await RunAsync(projection, partition, rules) is not { } part) return null;
            (commits, events, rows) = (commits + part.Commits, events + part.Events, rows + part.Rows);
            differences.AddRange(part.Differences.Take(DifferencesMax - differences.Count));
        }

        return new RecountResult(projection, commits, events, rows, differences.ToImmutable());
    }

    private async Task<RecountResult?> RunAsync(string projection, int partition, Func<ShopEvent, ProjectionRows, ValueTask> rules)
    {
        var recounted = new ProjectionRows();
        JournalPosition at = JournalPosition.Start;
        long commits = 0, events = 0;
        for (int attempt = 0; attempt < AttemptsMax; attempt++)
        {
            JournalPosition goal = await projections.ReadPositionAsync(projection, partition, CancellationToken.None);
            while (at < goal)
            {
                IReadOnlyList<PositionedCommit> page = await journal.ReadPartitionAsync(partition, at, CommitsMax, CancellationToken.None);
                foreach ((JournalCommit commit, JournalPosition position) in page.TakeWhile(c => c.Position <= goal))
                {
                    foreach (ShopEvent @event in JournalEvents.Of(commit))
                    {
                        await rules(@event, recounted);
                        events++;
                    }

                    at = position;
                    commits++;
                }

                if (page.Count == 0) return new RecountResult(projection, commits, events, 0, [$"partition {partition} has read on beyond the end of the journal"]);
            }

            IReadOnlyList<ProjectionRow> known = await projections.ReadRangeAsync(projection, "", "\U0010FFFF", int.MaxValue, CancellationToken.None);
            if (await projections.ReadPositionAsync(projection, partition, CancellationToken.None) != goal) continue;
            return Compare(projection, partition, commits, events, recounted, [.. known.Where(r => r.Partition == partition)]);
        }

        return null;
    }

    private static RecountResult Compare(string projection, int partition, long commits, long events, ProjectionRows recounted, ProjectionRow[] known)
    {
        Dictionary<string, string> stored = known.ToDictionary(r => r.Key, r => r.Payload);
        ImmutableArray<string>.Builder differences = ImmutableArray.CreateBuilder<string>();
        int rows = 0;
        foreach ((string key, string? payload) in recounted.Changes())
        {
            rows++;
            if (!stored.Remove(key, out string? was)) was = null;
            if (was != payload) differences.Add($"{key} in partition {partition}: {was ?? "nothing"} is stored, {payload ?? "nothing"} is right");
        }

        differences.AddRange(stored.Select(s => $"{s.Key} in partition {partition}: {s.Value} is stored, nothing is right"));
        return new RecountResult(projection, commits, events, rows, differences.ToImmutable());
    }
}
