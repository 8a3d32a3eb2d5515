namespace Orleans.Clustering;

/// <summary>Whether this process has its place in the cluster.</summary>
public interface IClusterHealth
{
    /// <summary>For a silo: it holds its lease and owns grains. For a client: there is a silo to call.</summary>
    bool IsReady { get; }

    /// <summary>The number of the view that is known.</summary>
    long View { get; }

    /// <summary>The silos in it, as name and epoch.</summary>
    IReadOnlyList<string> Silos { get; }

    /// <summary>How many grains are in the memory of this process.</summary>
    int Activations { get; }
}

internal sealed class ClusterHealth(Membership membership, Activations.Silo? silo) : IClusterHealth
{
    public bool IsReady => silo is not null
        ? membership.Self is { } self && membership.View.Find(self.Name) is { Status: MemberStatus.Active }
        : membership.View.OwnerOf(0) is not null;

    public int Activations => silo?.ActivationCount ?? 0;

    public long View => membership.View.Number;

    public IReadOnlyList<string> Silos => [.. membership.View.Members.Select(m => $"{m.Name}@{m.Epoch}")];
}
