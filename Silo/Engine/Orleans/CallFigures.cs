using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Orleans;
using Orleans.Calls;
using Orleans.Runtime;

namespace Shop.Engine;

/// <summary>Counts and times the calls of the shop's grains, under the names that the embedded runtime's figures have.</summary>
internal sealed class CallFigures : IIncomingGrainCallFilter, ICallSamples
{
    private readonly ConcurrentDictionary<Type, KeySamples> _samples = new();
    private readonly Counter<long> _calls;
    private readonly Counter<long> _failed;
    private readonly Histogram<double> _took;

    public CallFigures(IMeterFactory meters)
    {
        Meter meter = meters.Create("Shop.Runtime");
        _calls = meter.CreateCounter<long>("shop.runtime.calls", "{call}", "Calls that grains began");
        _failed = meter.CreateCounter<long>("shop.runtime.calls.failed", "{call}", "Calls that ended with an error");
        _took = meter.CreateHistogram<double>("shop.runtime.call.duration", "s", "Time from the first turn of a call to its end");
    }

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        Type grain = context.Grain.GetType();
        if (grain.Namespace?.StartsWith("Shop", StringComparison.Ordinal) != true)
        {
            await context.Invoke();
            return;
        }

        var tags = new TagList { { "grain", grain.Name }, { "method", context.MethodName } };
        _calls.Add(1, tags);
        long began = Stopwatch.GetTimestamp();
        try
        {
            await context.Invoke();
        }
        catch
        {
            _failed.Add(1, tags);
            throw;
        }
        finally
        {
            TimeSpan time = Stopwatch.GetElapsedTime(began);
            _took.Record(time.TotalSeconds, tags);
            _samples.GetOrAdd(grain, static type => new KeySamples(type.Name)).Add(context.TargetId.Key.ToString() ?? "", time, 1);
        }
    }

    public IEnumerable<CallSample> Read(int count) => _samples.Values.SelectMany(s => s.Read(count)).Select(s => new CallSample(s.Grain, s.Key, s.CallsPerSecond, s.Mean, s.Max));
}
