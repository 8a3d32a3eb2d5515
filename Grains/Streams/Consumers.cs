using Shop.Analytics;
using Shop.Catalog;
using Shop.Customers;
using Shop.Recommendations;

namespace Shop.Streams;

/// <summary>Every consumer of the journal's stream, named here once: for operators, for the rebuild and for the recount.</summary>
internal static class Consumers
{
    public static ImmutableArray<(Projection Projection, Func<IGrainFactory, string, IProjectionGrain> Grain)> All { get; } =
    [
        (SalesRules.Projection, (grains, key) => grains.GetGrain<ISalesGrain>(key)),
        (AffinityRules.Projection, (grains, key) => grains.GetGrain<IAffinityGrain>(key)),
        (SearchRules.Projection, (grains, key) => grains.GetGrain<ISearchIndexGrain>(key)),
        (ActivityRules.Projection, (grains, key) => grains.GetGrain<IActivityGrain>(key)),
    ];
}
