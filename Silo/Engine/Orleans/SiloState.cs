using Orleans.Runtime;

namespace Shop.Engine;

/// <inheritdoc cref="IEngineState"/>
internal sealed class SiloState(ISiloStatusOracle silos, IClusterMembershipService membership, ActivationFigures activations) : IEngineState
{
    public bool IsReady => silos.CurrentStatus == SiloStatus.Active;

    public long View => membership.CurrentSnapshot.Version.Value;

    public IReadOnlyList<string> Silos =>
        [.. membership.CurrentSnapshot.Members.Values.Where(m => m.Status == SiloStatus.Active).Select(m => $"{m.Name}@{m.SiloAddress.Generation}").Order(StringComparer.Ordinal)];

    public int Activations => activations.Live;
}

/// <summary>How a process that only calls stands in the cluster.</summary>
internal sealed class ClientState : IEngineState
{
    /// <summary>How many silos it is connected to.</summary>
    public int Gateways { get; set; }

    public bool IsReady => Gateways > 0;

    // A client of Orleans knows gateways, not views.
    public long View => 0;

    public IReadOnlyList<string> Silos => [];

    public int Activations => 0;
}
