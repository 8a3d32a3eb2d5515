namespace Shop.Catalog;

/// <summary>
/// Finds products by words and beginnings of words, best first, in what the projection <see cref="SearchRules.Projection"/> keeps
/// of them. The database does the finding.
/// </summary>
public interface ISearchIndex
{
    /// <summary>The ids of the products found, best first, from the one after some on, and how many there are in each category.</summary>
    Task<SearchHits> FindAsync(string text, string? category, bool includeUnpublished, int skip, int limit, CancellationToken cancellation);
}

/// <summary>What was found: a page of ids, how many there are in all, and how many of them are in each category, the largest first.</summary>
public sealed record SearchHits(ImmutableArray<string> Products, int Total, ImmutableArray<KeyValuePair<string, int>> Categories);
