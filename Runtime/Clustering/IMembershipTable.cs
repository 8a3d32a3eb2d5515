namespace Orleans.Clustering;

/// <summary>
/// The truth about who is in the cluster: a row a silo, with an epoch and a lease on the table's own clock. Every change of who
/// is in it happens in one transaction with a new view number. Each member waits for it on a thread of its own, so that a lease
/// is kept however much else the process has to do.
/// </summary>
internal interface IMembershipTable
{
    /// <summary>Enters the cluster under the next epoch of this name; an earlier life of the name is over from then on.</summary>
    (ClusterMember Self, ClusterView View) Join(string name, string host, int port, TimeSpan lease);

    /// <summary>
    /// Extends the lease, declares others dead whose lease ran out, and reads the view. Null when the lease is lost: it ran out,
    /// or the name has a later life.
    /// </summary>
    ClusterView? Renew(ClusterMember self, TimeSpan lease);

    /// <summary>Owns nothing from the next view on, and can still be reached.</summary>
    ClusterView BeginLeave(ClusterMember self);

    /// <summary>Is gone.</summary>
    void Leave(ClusterMember self);

    /// <summary>The view, for those who only call; it too declares silos dead whose lease ran out.</summary>
    ClusterView Read();
}
