using Orleans.Clustering;

namespace Shop.Engine;

/// <inheritdoc cref="IEngineState"/>
internal sealed class EmbeddedState(IClusterHealth cluster) : IEngineState
{
    public bool IsReady => cluster.IsReady;

    public long View => cluster.View;

    public IReadOnlyList<string> Silos => cluster.Silos;

    public int Activations => cluster.Activations;
}
