using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Shop.Runtime.Tests;

public interface IWorkerGrain : IGrainWithStringKey
{
    Task<string> Work(string gate);
}

[StatelessWorker(2)]
public class WorkerGrain : Grain, IWorkerGrain
{
    private readonly string _id = Guid.NewGuid().ToString();

    public async Task<string> Work(string gate)
    {
        await Gates.Pass(gate);
        return _id;
    }
}
