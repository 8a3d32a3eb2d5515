namespace Shop.Cluster.Tests;

/// <summary>
/// Looks for an order of a SKU's operations that a single counter could have gone through: each at one moment between its
/// beginning and its end. There is none exactly when somebody saw something that a correct shop never shows. The search is
/// that of Wing and Gong (1993) with Lowe's memory of where it has been (2017).
/// </summary>
public static class LinearizabilityChecker
{
    /// <summary>Why there is no such order; null when there is one.</summary>
    public static string? Check(IEnumerable<Operation> history, int available)
    {
        // A failed read or a refused attempt that ended in doubt says nothing.
        Operation[] all = [.. history.Where(o => o.IsCertain || o.Kind != Kind.Look).OrderBy(o => o.Began)];
        int certain = all.Count(o => o.IsCertain);
        var seen = new HashSet<(string Done, int Available)>();
        var done = new bool[all.Length];
        int best = 0;
        return Search(all, done, certain, available, seen, ref best) ? null
            : $"of {certain} certain operations (and {all.Length - certain} in doubt) at most {best} can be put in an order";
    }

    private static bool Search(Operation[] all, bool[] done, int left, int available, HashSet<(string, int)> seen, ref int best)
    {
        // Depth first with a stack of its own: histories are long.
        var path = new Stack<(int Index, int Before, IEnumerator<int> Others)>();
        int certain = left;
        IEnumerator<int> candidates = Candidates(all, done).GetEnumerator();
        while (true)
        {
            if (left == 0) return true;
            bool advanced = false;
            while (candidates.MoveNext())
            {
                int next = candidates.Current;
                if (After(all[next], available) is not { } after) continue;
                done[next] = true;
                if (!seen.Add((Key(all, done), after)))
                {
                    done[next] = false;
                    continue;
                }

                path.Push((next, available, candidates));
                available = after;
                if (all[next].IsCertain) left--;
                best = Math.Max(best, certain - left);
                candidates = Candidates(all, done).GetEnumerator();
                advanced = true;
                break;
            }

            if (advanced) continue;
            if (path.Count == 0) return false;
            (int index, int before, candidates) = path.Pop();
            done[index] = false;
            available = before;
            if (all[index].IsCertain) left++;
        }
    }

    // What may come next: operations that began before every other one that is left had ended.
    private static IEnumerable<int> Candidates(Operation[] all, bool[] done)
    {
        long firstEnd = long.MaxValue;
        for (int i = 0; i < all.Length && all[i].Began <= firstEnd; i++)
            if (!done[i]) firstEnd = Math.Min(firstEnd, all[i].Ended);
        // Certain ones first; those in doubt only when nothing else goes on.
        List<int> doubtful = [];
        for (int i = 0; i < all.Length && all[i].Began <= firstEnd; i++)
        {
            if (done[i]) continue;
            if (all[i].IsCertain) yield return i;
            else doubtful.Add(i);
        }

        foreach (int i in doubtful) yield return i;
    }

    // What is available after the operation; null when it cannot have gone like this now.
    private static int? After(Operation operation, int available) => operation switch
    {
        { Kind: Kind.Look } => operation.Units == available ? available : null,
        { Kind: Kind.Give, Succeeded: false } => available,
        { Kind: Kind.Give } => available + operation.Units,
        { Kind: Kind.Take, Succeeded: false } => available < operation.Units ? available : null,
        _ => available >= operation.Units ? available - operation.Units : null,
    };

    // Everything before the first that is not done is done, so the key is that place and the marks after it.
    private static string Key(Operation[] all, bool[] done)
    {
        int first = Array.IndexOf(done, false);
        if (first < 0) return "all";
        int last = Array.LastIndexOf(done, true);
        var key = new System.Text.StringBuilder().Append(first).Append(':');
        for (int i = first; i <= last; i++) key.Append(done[i] ? '1' : '0');
        return key.ToString();
    }
}
