namespace Orleans.Clustering;

/// <summary>
/// The truth about who is in the cluster: a row a silo, with an epoch and a lease on the table's own clock. Every change of who
/// is in it happens in one transaction with a new view number.
/// </summary>
internal interface IMembershipTable
{
    /// <summary>Enters the cluster under the next epoch of this name; an earlier life of the name is over from then on.</summary>
    Task<(ClusterMember Self, ClusterView View)> JoinAsync(string name, string host, int port, TimeSpan lease, CancellationToken cancellation);

    /// <summary>
    /// Extends the lease, declares others dead whose lease ran out, and reads the view. Null when the lease is lost: it ran out,
    /// or the name has a later life.
    /// </summary>
    Task<ClusterView?> RenewAsync(ClusterMember self, TimeSpan lease, CancellationToken cancellation);

    /// <summary>Owns nothing from the next view on, and can still be reached.</summary>
    Task<ClusterView> BeginLeaveAsync(ClusterMember self, CancellationToken cancellation);

    /// <summary>Is gone.</summary>
    Task LeaveAsync(ClusterMember self, CancellationToken cancellation);

    /// <summary>The view, for those who only call; it too declares silos dead whose lease ran out.</summary>
    Task<ClusterView> ReadAsync(CancellationToken cancellation);
}
