using System.Collections.Immutable;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Shop.Runtime.Tests;

public interface IProbeGrain : IGrainWithStringKey
{
    Task<int> Add(int amount);

    Task<string> WhoAmI();

    Task<List<int>> Echo(List<int> values);

    Task<List<int>> Held();

    Task Fail(string message);

    Task<int> Hold(string gate);

    [AlwaysInterleave]
    Task<int> Peek();

    [ReadOnly]
    Task<int> ReadSlowly(string gate);

    [OneWay]
    Task Tell(int amount);

    ValueTask<string?> Context(string key);

    Task<string?> ContextThrough(string other, string key);

    Task CallBack(string via);

    Task CallProbe(string other);

    Task WaitFor(string gate, string cancelled, CancellationToken cancellation);

    Task<int> MostAtOnce();

    Task Die();

    Task<int> Activations();

    Task Ticking(TimeSpan period);

    Task<int> Ticks();
}

/// <summary>Gates that tests open; a grain waits at one by name.</summary>
public static class Gates
{
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, (TaskCompletionSource Arrived, TaskCompletionSource Open)> All = new();

    public static Task Arrived(string name) => Of(name).Arrived.Task;

    public static void Open(string name) => Of(name).Open.TrySetResult();

    public static Task Pass(string name)
    {
        Of(name).Arrived.TrySetResult();
        return Of(name).Open.Task;
    }

    private static (TaskCompletionSource Arrived, TaskCompletionSource Open) Of(string name) => All.GetOrAdd(name, _ => (
        new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously),
        new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
}

public class ProbeGrain : Grain, IProbeGrain
{
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, int> Lives = new();
    private readonly List<int> _held = [1, 2, 3];
    private int _sum;
    private int _inside;
    private int _most;
    private int _ticks;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        Lives.AddOrUpdate(this.GetPrimaryKeyString(), 1, (_, n) => n + 1);
        return this.GetPrimaryKeyString().StartsWith("refuses", StringComparison.Ordinal)
            ? throw new InvalidOperationException("I refuse to live.")
            : Task.CompletedTask;
    }

    public Task<int> Add(int amount) => Task.FromResult(_sum += amount);

    public Task<string> WhoAmI() => Task.FromResult(this.GetGrainId().ToString());

    public Task<List<int>> Echo(List<int> values)
    {
        values.Add(99);
        return Task.FromResult(values);
    }

    public Task<List<int>> Held() => Task.FromResult(_held);

    public Task Fail(string message) => throw new ArgumentException(message);

    public async Task<int> Hold(string gate)
    {
        _most = Math.Max(_most, ++_inside);
        await Gates.Pass(gate);
        _inside--;
        return ++_sum;
    }

    public Task<int> Peek() => Task.FromResult(_sum);

    public async Task<int> ReadSlowly(string gate)
    {
        await Gates.Pass(gate);
        return _sum;
    }

    public Task Tell(int amount)
    {
        _sum += amount;
        return Task.CompletedTask;
    }

    public ValueTask<string?> Context(string key) => new(RequestContext.Get(key) as string);

    public async Task<string?> ContextThrough(string other, string key)
    {
        await Task.Yield();
        return await GrainFactory.GetGrain<IProbeGrain>(other).Context(key);
    }

    public Task CallBack(string via) => GrainFactory.GetGrain<IProbeGrain>(via).CallProbe(this.GetPrimaryKeyString());

    public Task CallProbe(string other) => GrainFactory.GetGrain<IProbeGrain>(other).Add(1);

    public async Task WaitFor(string gate, string cancelled, CancellationToken cancellation)
    {
        _ = Gates.Pass(gate);
        try
        {
            await Task.Delay(Timeout.Infinite, cancellation);
        }
        catch (OperationCanceledException)
        {
            await Gates.Pass(cancelled);
        }
    }

    public Task<int> MostAtOnce() => Task.FromResult(_most);

    public Task Die()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task<int> Activations() => Task.FromResult(Lives[this.GetPrimaryKeyString()]);

    public Task Ticking(TimeSpan period)
    {
        this.RegisterGrainTimer(
            _ =>
            {
                _ticks++;
                return Task.CompletedTask;
            },
            period, period);
        return Task.CompletedTask;
    }

    public Task<int> Ticks() => Task.FromResult(_ticks);
}
