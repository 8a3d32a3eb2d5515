using Orleans.Concurrency;

namespace Orleans.Clustering;

/// <summary>What silos ask of each other when grains move. Its key is the name of the silo that is asked.</summary>
[Alias("SiloControl")]
internal interface ISiloControl : IGrainWithStringKey
{
    /// <summary>Completes when the silo knows the view and has no activation any more that is another's in it.</summary>
    [AlwaysInterleave, ReadOnly]
    Task Settle(long view);

    /// <summary>Completes when the silo knows the view and does not have this grain, unless it owns it.</summary>
    [AlwaysInterleave, ReadOnly]
    Task Release(long view, string grainId);
}

/// <inheritdoc cref="ISiloControl"/>
[Reentrant, GrainType(GrainTypeName)]
internal sealed class SiloControlGrain(Activations.Silo silo) : Grain, ISiloControl
{
    public const string GrainTypeName = "silo";

    /// <inheritdoc/>
    public Task Settle(long view) => silo.Cluster!.GiveUpAsync(view, null);

    /// <inheritdoc/>
    public Task Release(long view, string grainId) => silo.Cluster!.GiveUpAsync(view, Orleans.Runtime.GrainId.Parse(grainId));
}
