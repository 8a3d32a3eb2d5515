namespace Shop.Recommendations;

/// <summary>How a method did: how often the hidden product was among the recommended, and how much of the catalogue was ever recommended.</summary>
public sealed record EvaluationResult(string Method, int Trials, double HitRate, double Coverage);

/// <summary>
/// Leave-one-out over held-out baskets, with the same counting (<see cref="NeighbourRow"/>, in as many partitions) and the same score
/// (<see cref="AffinityScore"/>) that the shop recommends by, beside two baselines: what is most popular, and the plain
/// cosine of items (Sarwar et al., "Item-Based Collaborative Filtering Recommendation Algorithms", 2001).
/// </summary>
public sealed class OfflineEvaluation(IReadOnlyList<string[]> baskets, double heldOutShare)
{
    private const int Count = 10;
    private readonly Dictionary<(string Product, int Partition), NeighbourRow> _rows = [];
    private readonly Dictionary<string, Dictionary<string, int>> _ours = [];
    private readonly Dictionary<string, Dictionary<string, int>> _all = [];
    private readonly Dictionary<string, int> _orders = [];

    /// <summary>The baselines, and ours as the last.</summary>
    public EvaluationResult[] Run()
    {
        int learned = (int)(baskets.Count * (1 - heldOutShare));
        for (int i = 0; i < learned; i++) Learn(baskets[i], i % IJournalStore.PartitionCount);
        foreach (((string product, _), NeighbourRow row) in _rows)
        {
            Dictionary<string, int> sum = _ours.TryGetValue(product, out Dictionary<string, int>? known) ? known : _ours[product] = [];
            foreach ((string other, int together) in row.Together) sum[other] = sum.GetValueOrDefault(other) + together;
        }

        string[][] held = [.. baskets.Skip(learned).Where(b => b.Length > 1)];
        string[] popular = [.. _orders.OrderByDescending(p => p.Value).ThenBy(p => p.Key, StringComparer.Ordinal).Select(p => p.Key)];
        return
        [
            Measure("popularity", held, context => popular.Where(p => !context.Contains(p)).Take(Count)),
            Measure("item-item cosine", held, context => Best(context, product => _all.GetValueOrDefault(product, []), (together, own, other) => together / Math.Sqrt((double)own * other))),
            Measure("ours", held, context => Best(context, product => _ours.GetValueOrDefault(product, []), AffinityScore.Of)),
        ];
    }

    private void Learn(string[] basket, int partition)
    {
        foreach (string product in basket)
        {
            _orders[product] = _orders.GetValueOrDefault(product) + 1;
            if (!_rows.TryGetValue((product, partition), out NeighbourRow? row)) _rows[(product, partition)] = row = new NeighbourRow();
            if (!_all.TryGetValue(product, out Dictionary<string, int>? all)) _all[product] = all = [];
            foreach (string other in basket.Where(o => o != product))
            {
                row.Count(other);
                all[other] = all.GetValueOrDefault(other) + 1;
            }
        }
    }

    private EvaluationResult Measure(string method, string[][] held, Func<HashSet<string>, IEnumerable<string>> recommend)
    {
        int trials = 0, hits = 0;
        HashSet<string> covered = [];
        foreach (string[] basket in held)
        {
            foreach (string hidden in basket)
            {
                string[] recommended = [.. recommend([.. basket.Where(p => p != hidden)])];
                covered.UnionWith(recommended);
                trials++;
                if (recommended.Contains(hidden)) hits++;
            }
        }

        return new EvaluationResult(method, trials, trials == 0 ? 0 : (double)hits / trials, _orders.Count == 0 ? 0 : (double)covered.Count / _orders.Count);
    }

    private IEnumerable<string> Best(HashSet<string> context, Func<string, Dictionary<string, int>> neighbours, Func<int, int, int, double> score)
    {
        Dictionary<string, double> sums = [];
        foreach (string product in context)
        {
            foreach ((string other, int together) in neighbours(product))
                if (!context.Contains(other)) sums[other] = sums.GetValueOrDefault(other) + score(together, _orders[product], _orders[other]);
        }

        return sums.OrderByDescending(s => s.Value).ThenBy(s => s.Key, StringComparer.Ordinal).Take(Count).Select(s => s.Key);
    }
}
