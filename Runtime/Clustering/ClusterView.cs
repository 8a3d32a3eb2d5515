using System.Collections.Immutable;
using Orleans.Runtime;

namespace Orleans.Clustering;

/// <summary>Whether a member takes new grains.</summary>
internal enum MemberStatus
{
    /// <summary>It owns its share of the grains.</summary>
    Active,

    /// <summary>It is giving its grains away and can still be asked for them.</summary>
    Leaving,
}

/// <summary>A silo of the cluster. The epoch tells its lives apart: a silo that comes back has the same name and a later epoch.</summary>
internal sealed record ClusterMember(string Name, string Host, int Port, long Epoch, MemberStatus Status)
{
    // The name alone, so that a silo that was restarted gets its old grains.
    public uint Seed { get; } = GrainId.Create("silo", Name).GetUniformHashCode();
}

/// <summary>The members of the cluster at one point of its history. Later views have higher numbers.</summary>
internal sealed class ClusterView(long number, ImmutableArray<ClusterMember> members)
{
    private readonly ClusterMember[] _owners = [.. members.Where(m => m.Status == MemberStatus.Active)];

    public static ClusterView None { get; } = new(0, []);

    public long Number => number;

    public ImmutableArray<ClusterMember> Members => members;

    public ClusterMember? Find(string name) => members.FirstOrDefault(m => m.Name == name);

    /// <summary>
    /// The member that owns the grains of this hash; null when nobody does. Rendezvous hashing (Thaler and Ravishankar, 1998):
    /// each member draws a number for the grain and the highest wins, so that a change moves only what it has to.
    /// </summary>
    public ClusterMember? OwnerOf(uint hash)
    {
        ClusterMember? best = null;
        ulong highest = 0;
        foreach (ClusterMember member in _owners)
        {
            ulong draw = Mix(((ulong)member.Seed << 32) | hash);
            if (best is not null && draw <= highest) continue;
            (best, highest) = (member, draw);
        }

        return best;
    }

    // The finalizer of MurmurHash3 (Appleby, public domain).
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 33)) * 0xFF51AFD7ED558CCD;
        value = (value ^ (value >> 33)) * 0xC4CEB9FE1A85EC53;
        return value ^ (value >> 33);
    }
}
