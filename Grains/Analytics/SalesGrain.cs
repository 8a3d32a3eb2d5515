using Shop.Streams;

namespace Shop.Analytics;

/// <summary>Adds up the figures of one partition of the journal.</summary>
[Alias("Sales")]
public interface ISalesGrain : IProjectionGrain;

/// <inheritdoc cref="ISalesGrain"/>
[ImplicitStreamSubscription(JournalStreams.Namespace), GrainType("sales")]
public sealed class SalesGrain(ProjectionServices services) : ProjectionGrain(services, SalesRules.Projection), ISalesGrain;
