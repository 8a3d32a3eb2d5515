using Orleans.Activations;
using Orleans.Calls;

namespace Orleans.Hosting;

/// <summary>Which grains of this silo are called most and which take longest, by key, of the last seconds.</summary>
public sealed class CallSamples
{
    private readonly GrainManifest _manifest;

    internal CallSamples(GrainManifest manifest) => _manifest = manifest;

    /// <summary>Of each class so many of the busiest and so many of the slowest.</summary>
    public IEnumerable<KeySample> Read(int count) => _manifest.Classes.SelectMany(c => c.Samples.Read(count));
}
