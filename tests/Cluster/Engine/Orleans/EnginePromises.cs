namespace Shop.Cluster.Tests;

/// <summary>Where the engines differ in what operators see.</summary>
internal static class EnginePromises
{
    /// <summary>A silo that joins gets grains that are called for the first time.</summary>
    public const bool SharesGrainsOut = false;

    /// <summary>A silo that others took for dead ends; who supervises it starts it again.</summary>
    public const bool SilosOutliveTheirDeath = false;

    /// <summary>Whether a silo that ended did so because others took it for dead.</summary>
    public static bool EndedTakenForDead(string output) => output.Contains("I have been told I am dead", StringComparison.Ordinal);

    /// <summary>A call that a gateway passed on to a silo that died has no answer before its time is over: 30 seconds.</summary>
    public static readonly TimeSpan OutageMax = TimeSpan.FromSeconds(40);
}
