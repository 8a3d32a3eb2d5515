using Shop.Analytics;
using Shop.Catalog;
using Shop.Customers;
using Shop.Events;
using Shop.Recommendations;

namespace Shop.Streams;

/// <summary>What a consumer makes of events.</summary>
/// <param name="Name">The name under which its rows are kept.</param>
/// <param name="RulesVersion">Grows when the rules change; rows of other rules are made again from the start of the journal.</param>
/// <param name="Apply">What an event does to the rows. It fails only when the event makes no sense to the rules.</param>
/// <param name="KeysOf">Keys that the rules will ask for, if that is easily told; they are read together.</param>
/// <param name="PassingPrefix">What keys begin with whose rows are removed when no event can need them any more.</param>
public sealed record Projection(
    string Name, int RulesVersion, Func<ShopEvent, ProjectionRows, ValueTask> Apply, Func<ShopEvent, IEnumerable<string>> KeysOf, string? PassingPrefix = null)
{
    // Every consumer is named here once: operators see it, have it try again or rebuild it, and the recount compares it.
    internal static ImmutableArray<(Projection Projection, Func<IGrainFactory, string, IProjectionGrain> Grain)> All { get; } =
    [
        (SalesRules.Projection, (grains, key) => grains.GetGrain<ISalesGrain>(key)),
        (AffinityRules.Projection, (grains, key) => grains.GetGrain<IAffinityGrain>(key)),
        (SearchRules.Projection, (grains, key) => grains.GetGrain<ISearchIndexGrain>(key)),
        (ActivityRules.Projection, (grains, key) => grains.GetGrain<IActivityGrain>(key)),
    ];

    /// <summary>The name of the rows that will take the place of these when they are complete.</summary>
    internal string Replacement => Name + "~";
}
