using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Shop.Runtime.Tests;

public interface IReentrantProbeGrain : IGrainWithStringKey
{
    Task<int> Enter(string gate);

    Task<int> MostAtOnce();

    Task<int> RaceFree(int rounds);

    Task<int> Total();
}

[Reentrant]
public class ReentrantProbeGrain : Grain, IReentrantProbeGrain
{
    private int _inside;
    private int _most;
    private int _total;
    private int _threads;

    public async Task<int> Enter(string gate)
    {
        _most = Math.Max(_most, ++_inside);
        await Gates.Pass(gate);
        _inside--;
        return _most;
    }

    public Task<int> MostAtOnce() => Task.FromResult(_most);

    public async Task<int> RaceFree(int rounds)
    {
        int overlaps = 0;
        for (int i = 0; i < rounds; i++)
        {
            if (Interlocked.Increment(ref _threads) != 1) overlaps++;
            _total++;
            Interlocked.Decrement(ref _threads);
            await Task.Yield();
        }

        return overlaps;
    }

    public Task<int> Total() => Task.FromResult(_total);
}
