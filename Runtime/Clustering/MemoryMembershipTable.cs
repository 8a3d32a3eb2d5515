using System.Collections.Immutable;
using System.Diagnostics;

namespace Orleans.Clustering;

/// <summary>Membership of silos in one process, for tests.</summary>
internal sealed class MemoryMembershipTable : IMembershipTable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (ClusterMember Member, long LeaseUntil, bool IsDead)> _rows = [];
    private long _number;

    public (ClusterMember Self, ClusterView View) Join(string name, string host, int port, TimeSpan lease)
    {
        lock (_lock)
        {
            long epoch = _rows.TryGetValue(name, out var row) ? row.Member.Epoch + 1 : 1;
            var self = new ClusterMember(name, host, port, epoch, MemberStatus.Active);
            _rows[name] = (self, Until(lease), false);
            _number++;
            return (self, View());
        }
    }

    public ClusterView? Renew(ClusterMember self, TimeSpan lease)
    {
        lock (_lock)
        {
            Bury();
            if (!IsAlive(self)) return null;
            _rows[self.Name] = _rows[self.Name] with { LeaseUntil = Until(lease) };
            return View();
        }
    }

    public ClusterView BeginLeave(ClusterMember self)
    {
        lock (_lock)
        {
            if (IsAlive(self))
            {
                _rows[self.Name] = _rows[self.Name] with { Member = self with { Status = MemberStatus.Leaving } };
                _number++;
            }

            return View();
        }
    }

    public void Leave(ClusterMember self)
    {
        lock (_lock)
        {
            if (!IsAlive(self)) return;
            _rows[self.Name] = _rows[self.Name] with { IsDead = true };
            _number++;
        }
    }

    public ClusterView Read()
    {
        lock (_lock)
        {
            Bury();
            return View();
        }
    }

    private static long Until(TimeSpan lease) => Stopwatch.GetTimestamp() + (long)(lease.TotalSeconds * Stopwatch.Frequency);

    private bool IsAlive(ClusterMember self) => _rows.TryGetValue(self.Name, out var row) && !row.IsDead && row.Member.Epoch == self.Epoch;

    private void Bury()
    {
        string[] late = [.. _rows.Where(r => !r.Value.IsDead && r.Value.LeaseUntil < Stopwatch.GetTimestamp()).Select(r => r.Key)];
        foreach (string name in late) _rows[name] = _rows[name] with { IsDead = true };
        if (late.Length > 0) _number++;
    }

    private ClusterView View() => new(_number, [.. _rows.Values.Where(r => !r.IsDead).Select(r => r.Member).OrderBy(m => m.Name, StringComparer.Ordinal).ToImmutableArray()]);
}
