using System.Text;
using Orleans.Calls;
using Orleans.Runtime;

namespace Orleans.Activations;

/// <summary>
/// Watches the calls that did not end in their first turn and tells their callers when time is up. Calls that wait for each
/// other in a circle are told which circle.
/// </summary>
internal sealed class CallDeadlines
{
    private const int ShardCount = 8;
    private readonly Shard[] _shards = [.. Enumerable.Range(0, ShardCount).Select(_ => new Shard())];

    public void Watch(GrainRequest request)
    {
        if (request.IsListed) return;
        Shard shard = ShardOf(request);
        lock (shard.Lock)
        {
            request.IsListed = true;
            request.Following = shard.First;
            if (shard.First is not null) shard.First.Previous = request;
            shard.First = request;
        }
    }

    public void Forget(GrainRequest request)
    {
        Shard shard = ShardOf(request);
        lock (shard.Lock)
        {
            if (!request.IsListed) return;
            request.IsListed = false;
            if (request.Previous is null) shard.First = request.Following;
            else request.Previous.Following = request.Following;
            if (request.Following is not null) request.Following.Previous = request.Previous;
            request.Previous = request.Following = null;
        }
    }

    /// <summary>Ends the waits whose deadline is before <paramref name="nowMs"/>.</summary>
    public void Sweep(long nowMs)
    {
        List<GrainRequest>? late = null;
        foreach (Shard shard in _shards)
        {
            lock (shard.Lock)
            {
                for (GrainRequest? request = shard.First; request is not null; request = request.Following)
                    if (request.DeadlineMs <= nowMs && !request.IsAbandoned) (late ??= []).Add(request);
            }
        }

        if (late is null) return;
        Dictionary<GrainId, HashSet<GrainId>> waits = Waits();
        foreach (GrainRequest request in late)
        {
            request.IsAbandoned = true;
            if (request.Activation is null)
            {
                // Nobody here runs it, so nobody else takes it off the list.
                Forget(request);
                if (!request.WasSent) request.Rejection = new OrleansMessageRejectionException($"No silo took the call {request.Method} of {request.Target} in time. It did not happen.");
            }

            request.TryFail(request.Rejection ?? new TimeoutException(Describe(request, waits)));
        }
    }

    private static string Describe(GrainRequest request, Dictionary<GrainId, HashSet<GrainId>> waits)
    {
        GrainId target = request.Target!.GrainId;
        List<GrainId> path = [];
        if (FindCycle(target, waits, path, []))
        {
            var text = new StringBuilder($"The call {request.Method} of {target} timed out in a deadlock: ");
            return text.AppendJoin(" → ", path).Append('.').ToString();
        }

        return $"The call {request.Method} of {target} timed out; the call may still happen.";
    }

    // Depth first: the path ends with the grain that closes the circle and is cut to start with it.
    private static bool FindCycle(GrainId at, Dictionary<GrainId, HashSet<GrainId>> waits, List<GrainId> path, HashSet<GrainId> seen)
    {
        int start = path.IndexOf(at);
        path.Add(at);
        if (start >= 0)
        {
            path.RemoveRange(0, start);
            return true;
        }

        if (seen.Add(at) && waits.TryGetValue(at, out HashSet<GrainId>? targets))
        {
            foreach (GrainId next in targets)
                if (FindCycle(next, waits, path, seen)) return true;
        }

        path.RemoveAt(path.Count - 1);
        return false;
    }

    private Dictionary<GrainId, HashSet<GrainId>> Waits()
    {
        Dictionary<GrainId, HashSet<GrainId>> waits = [];
        foreach (Shard shard in _shards)
        {
            lock (shard.Lock)
            {
                for (GrainRequest? request = shard.First; request is not null; request = request.Following)
                {
                    if (request.Caller?.Activation is not { } caller || request.Activation is not { } target) continue;
                    if (caller.Class.IsReentrant && !ReferenceEquals(caller, target) && target.Class.IsReentrant) continue;
                    if (!waits.TryGetValue(caller.GrainId, out HashSet<GrainId>? targets)) waits[caller.GrainId] = targets = [];
                    targets.Add(target.GrainId);
                }
            }
        }

        return waits;
    }

    private Shard ShardOf(GrainRequest request) => _shards[(uint)System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(request.Target) % ShardCount];

    private sealed class Shard
    {
        public readonly Lock Lock = new();
        public GrainRequest? First;
    }
}
