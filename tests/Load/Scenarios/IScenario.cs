using Shop.Load.Targets;

namespace Shop.Load.Scenarios;

/// <summary>A kind of load, and how to tell afterwards whether the shop got it right.</summary>
public interface IScenario
{
    /// <summary>The SKU whose stock is plotted; null for none.</summary>
    string? WatchedSku => null;

    /// <summary>How requests come when the command line does not say.</summary>
    Arrivals Arrivals(LoadOptions options);

    /// <summary>Makes what the load needs; reports how much of it is done, from 0 to 1.</summary>
    Task PrepareAsync(IShopTarget target, Action<double> progress);

    /// <summary>Sends the request with a number.</summary>
    Task<Outcome> RequestAsync(IShopTarget target, long number);

    /// <summary>Reads the shop; what is wrong with it.</summary>
    Task<IReadOnlyList<string>> VerifyAsync(IShopTarget target, Recorder recorder);
}
