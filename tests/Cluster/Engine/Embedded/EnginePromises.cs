namespace Shop.Cluster.Tests;

/// <summary>Where the engines differ in what operators see.</summary>
internal static class EnginePromises
{
    /// <summary>A silo that joins takes over the grains whose place it is.</summary>
    public const bool SharesGrainsOut = true;

    /// <summary>A silo that others took for dead joins again by itself.</summary>
    public const bool SilosOutliveTheirDeath = true;

    /// <summary>Whether a silo that ended did so because others took it for dead: never.</summary>
    public static bool EndedTakenForDead(string output) => false;

    /// <summary>A lease, a takeover, and the retries of customers.</summary>
    public static readonly TimeSpan OutageMax = TimeSpan.FromSeconds(10);
}
