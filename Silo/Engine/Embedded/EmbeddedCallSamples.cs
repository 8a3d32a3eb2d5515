using Orleans.Hosting;

namespace Shop.Engine;

/// <inheritdoc cref="ICallSamples"/>
internal sealed class EmbeddedCallSamples(CallSamples samples) : ICallSamples
{
    public IEnumerable<CallSample> Read(int count) => samples.Read(count).Select(s => new CallSample(s.Grain, s.Key, s.CallsPerSecond, s.Mean, s.Max));
}
