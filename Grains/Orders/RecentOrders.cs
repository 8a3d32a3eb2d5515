namespace Shop.Orders;

/// <summary>
/// Which orders a silo has met lately: the last half to whole million. Says of one that it met that it may have, and of hardly any other (less than one in a
/// hundred). Who repeats a request does so soon, and an order's requests come to one silo, so an order that is not among them is nearly always new. Safe for threads.
/// </summary>
public sealed class RecentOrders
{
    // Bloom filters of 1 MiB, each for half a million: 16 bits for each and four of them set.
    private const int OrdersMax = 500_000, Bits = 1 << 23, Hashes = 4;

    private readonly Lock _lock = new();
    private ulong[] _young = new ulong[Bits / 64];
    private ulong[] _old = new ulong[Bits / 64];
    private int _count;

    /// <summary>Whether it may be one of them.</summary>
    public bool MayHave(OrderId order)
    {
        ulong hash = Hash(order);
        lock (_lock) return Has(_young, hash) || Has(_old, hash);
    }

    /// <summary>It was met.</summary>
    public void Add(OrderId order)
    {
        ulong hash = Hash(order);
        lock (_lock)
        {
            if (Has(_young, hash)) return;
            if (_count == OrdersMax)
            {
                (_young, _old, _count) = (_old, _young, 0);
                Array.Clear(_young);
            }

            for (int i = 0; i < Hashes; i++) _young[Bit(hash, i) / 64] |= 1UL << (Bit(hash, i) % 64);
            _count++;
        }
    }

    private static bool Has(ulong[] filter, ulong hash)
    {
        for (int i = 0; i < Hashes; i++)
            if ((filter[Bit(hash, i) / 64] & (1UL << (Bit(hash, i) % 64))) == 0) return false;
        return true;
    }

    private static int Bit(ulong hash, int number) => (int)(((hash & uint.MaxValue) + ((ulong)number * (hash >> 32))) % Bits);

    // Texts have another one in each process, so nobody finds ids that meet.
    private static ulong Hash(OrderId order) => (uint)order.Value.GetHashCode(StringComparison.Ordinal) * 0x9E3779B97F4A7C15;
}
