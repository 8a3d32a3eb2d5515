using Orleans.Calls;
using Orleans.Runtime;

namespace Orleans.Activations;

/// <summary>The activations of one stateless worker on this silo: as many as its calls keep busy, up to its limit.</summary>
internal sealed class WorkerPool(GrainId grainId, GrainClass @class, Silo silo)
{
    private readonly Lock _lock = new();
    private readonly List<Activation> _workers = [];

    public void Send(GrainRequest request) => Pick().EnqueueRequest(request);

    public void Remove(Activation activation)
    {
        lock (_lock) _workers.Remove(activation);
    }

    public Activation[] Snapshot()
    {
        lock (_lock) return [.. _workers];
    }

    private Activation Pick()
    {
        lock (_lock)
        {
            Activation? best = null;
            foreach (Activation worker in _workers)
            {
                if (worker.InFlight == 0) return worker;
                if (best is null || worker.InFlight < best.InFlight) best = worker;
            }

            if (best is not null && _workers.Count >= @class.MaxLocalWorkers) return best;
            var added = new Activation(grainId, @class, silo);
            _workers.Add(added);
            return added;
        }
    }
}
