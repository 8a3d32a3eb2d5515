using System.Runtime.CompilerServices;

namespace Shop.Streams;

/// <summary>Reading more rows than fit into one answer.</summary>
public static class ProjectionStoreExtensions
{
    // Much more than one key can have, which is a row a partition: so every page gets on.
    private const int PageRows = 10_000;

    /// <summary>All rows from one key up to, not with, another, in the order of keys, read page by page.</summary>
    public static async IAsyncEnumerable<ProjectionRow> ReadAllAsync(
        this IProjectionStore store, string projection, int? partition, string from, string to, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        while (true)
        {
            IReadOnlyList<ProjectionRow> page = await store.ReadRangeAsync(projection, partition, from, to, PageRows, cancellation);
            bool isLast = page.Count < PageRows;
            // The last key of a full page may go on in the next one, which begins with it.
            string? last = isLast ? null : page[^1].Key;
            foreach (ProjectionRow row in page)
                if (row.Key != last) yield return row;
            if (isLast) yield break;
            from = last!;
        }
    }
}
