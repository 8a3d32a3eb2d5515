using Shop.Events;
using Shop.Streams;

namespace Shop.Analytics;

/// <summary>Adds up the figures of one partition of the journal.</summary>
[Alias("Sales")]
public interface ISalesGrain : IProjectionGrain;

/// <inheritdoc cref="ISalesGrain"/>
[ImplicitStreamSubscription(JournalStreams.Namespace), GrainType("sales")]
public sealed class SalesGrain(ProjectionServices services) : ProjectionGrain(services), ISalesGrain
{
    /// <inheritdoc/>
    protected override string Name => SalesRules.Projection;

    /// <inheritdoc/>
    protected override ValueTask ApplyAsync(ShopEvent @event, ProjectionRows rows) => SalesRules.Apply(@event, rows);
}
