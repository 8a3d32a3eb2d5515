using Shop.Events;
using Shop.Streams;

namespace Shop.Recommendations;

/// <summary>Counts what goes together, in one partition of the journal.</summary>
[Alias("Affinity")]
public interface IAffinityGrain : IProjectionGrain;

/// <inheritdoc cref="IAffinityGrain"/>
[ImplicitStreamSubscription(JournalStreams.Namespace), GrainType("affinity")]
public sealed class AffinityGrain(ProjectionServices services) : ProjectionGrain(services), IAffinityGrain
{
    /// <inheritdoc/>
    protected override string Name => AffinityRules.Projection;

    /// <inheritdoc/>
    protected override IEnumerable<string> KeysOf(ShopEvent @event) => AffinityRules.KeysOf(@event);

    /// <inheritdoc/>
    protected override ValueTask ApplyAsync(ShopEvent @event, ProjectionRows rows) => AffinityRules.Apply(@event, rows);
}
