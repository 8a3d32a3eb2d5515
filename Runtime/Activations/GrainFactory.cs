using Orleans.Calls;
using Orleans.Runtime;

namespace Orleans.Activations;

/// <summary>Makes references; generated proxies do the rest.</summary>
internal sealed class GrainFactory(GrainManifest manifest, ICallRouter router, IServiceProvider services) : IClusterClient
{
    private const int KeyLengthMax = 512;

    public IServiceProvider ServiceProvider => services;

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(primaryKey);
        if (primaryKey.Length > KeyLengthMax) throw new ArgumentException($"A grain key has at most {KeyLengthMax} characters.", nameof(primaryKey));
        GrainType type = manifest.TypeOf(typeof(TGrainInterface), grainClassNamePrefix);
        return (TGrainInterface)(object)manifest.MakeReference(typeof(TGrainInterface), new GrainReferenceSeed(new GrainId(type, IdSpan.Create(primaryKey)), router));
    }

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable =>
        (TGrainInterface)(object)manifest.MakeReference(typeof(TGrainInterface), new GrainReferenceSeed(grainId, router));
}
