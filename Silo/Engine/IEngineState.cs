namespace Shop.Engine;

/// <summary>How this process stands in the cluster, whichever engine is under the grains.</summary>
public interface IEngineState
{
    /// <summary>For a silo: it may own grains. For a client: there is a silo to call.</summary>
    bool IsReady { get; }

    /// <summary>The number of the view of the cluster that is known.</summary>
    long View { get; }

    /// <summary>The silos in it.</summary>
    IReadOnlyList<string> Silos { get; }

    /// <summary>How many grains are in the memory of this process.</summary>
    int Activations { get; }
}
