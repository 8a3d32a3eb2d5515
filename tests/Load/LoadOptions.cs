namespace Shop.Load;

/// <summary>What the command line says about the load.</summary>
public sealed record LoadOptions
{
    /// <summary>Callers of a closed loop; null for what the scenario has.</summary>
    public int? Callers { get; init; }

    /// <summary>Requests a second of an open loop; null for a closed loop.</summary>
    public double? Rate { get; init; }

    /// <summary>What is not measured.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What is measured.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How requests come.</summary>
    public Arrivals ToArrivals(int callers) => new(Callers ?? callers, Rate is { } rate ? Arrivals.PerSecond(rate) : null, long.MaxValue, WarmUp, Duration);
}
