using Shop.Streams;

namespace Shop.Recommendations;

/// <summary>Counts what goes together, in one partition of the journal.</summary>
[Alias("Affinity")]
public interface IAffinityGrain : IProjectionGrain;

/// <inheritdoc cref="IAffinityGrain"/>
[ImplicitStreamSubscription(JournalStreams.Namespace), GrainType("affinity")]
public sealed class AffinityGrain(ProjectionServices services) : ProjectionGrain(services, AffinityRules.Projection), IAffinityGrain
{
    private static readonly TimeSpan PurgeEvery = TimeSpan.FromHours(1);

    // A view says when it was, which is at most a week ago; and a day for a consumer that is behind.
    private static readonly TimeSpan SessionsKept = TimeSpan.FromDays(8);

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.RegisterGrainTimer(PurgeAsync, new GrainTimerCreationOptions(PurgeEvery * Random.Shared.NextDouble(), PurgeEvery));
        return base.OnActivateAsync(cancellationToken);
    }

    private Task PurgeAsync(CancellationToken cancellation) => Services.Store.RemoveRangeAsync(
        Name, Partition, AffinityRules.SessionPrefix, AffinityRules.SessionsBefore(Services.Clock.GetUtcNow() - SessionsKept), cancellation);
}
