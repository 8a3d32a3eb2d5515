using System.Numerics;

namespace Shop.Stock;

/// <summary>
/// Finds the slot of a reservation, and an empty one for another: a hash table whose growing moves nothing that is there (its buckets are split one by one,
/// as in linear hashing).
/// </summary>
/// <param name="slots">The slots.</param>
/// <param name="count">How many of them are used already. They are indexed when somebody asks for one, which nobody does of most frozen copies.</param>
internal sealed class ReservationIndex(ReservationSlots slots, int count)
{
    /// <summary>No slot.</summary>
    public const int None = -1;

    // A link for each slot and apart from it, so that changing a chain leaves the slots alone, which a frozen copy may share; and the buckets, of which there are never more.
    private readonly SegmentedList<Entry> _entries = new();
    private int _bucketCount;
    private int _firstFree = None;

    /// <summary>How many reservations there are.</summary>
    public int Count { get; private set; } = count;

    /// <summary>The slot of a reservation, or <see cref="None"/>.</summary>
    public int Find(ReservationKey key)
    {
        Index();
        if (_bucketCount == 0) return None;
        int hash = key.GetHashCode();
        Bucket bucket = _entries[BucketOf(hash)].Bucket;
        if (bucket.Slot != None && bucket.Hash == hash && slots.IsOf(bucket.Slot, key)) return bucket.Slot;
        for (int slot = bucket.More; slot != None; slot = _entries[slot].Link.Next)
            if (_entries[slot].Link.Hash == hash && slots.IsOf(slot, key)) return slot;
        return None;
    }

    /// <summary>An empty slot for a reservation that was not found.</summary>
    public int Add(ReservationKey key)
    {
        Index();
        int slot = _firstFree;
        if (slot == None)
        {
            slot = slots.Add();
            _entries.Add(default);
        }
        else _firstFree = _entries[slot].Link.Next;

        Count++;
        AddBuckets();
        Chain(slot, key.GetHashCode());
        return slot;
    }

    /// <summary>Its slot can be another's from now on.</summary>
    public void Remove(int slot, ReservationKey key)
    {
        Index();
        ref Bucket bucket = ref _entries.Edit(BucketOf(key.GetHashCode())).Bucket;
        if (bucket.Slot == slot) bucket = bucket.More == None ? Bucket.Empty : Bucket.Of(bucket.More, _entries[bucket.More].Link);
        else if (bucket.More == slot) bucket.More = _entries[slot].Link.Next;
        else
        {
            int before = bucket.More;
            while (_entries[before].Link.Next != slot) before = _entries[before].Link.Next;
            _entries.Edit(before).Link.Next = _entries[slot].Link.Next;
        }

        Free(slot);
        Count--;
    }

    // With n buckets, of which 2^k is the largest power of two, k bits of the hash say which; one more if that bucket was split already.
    private int BucketOf(int hash)
    {
        int whole = 1 << BitOperations.Log2((uint)_bucketCount);
        int bucket = hash & ((whole * 2) - 1);
        return bucket < _bucketCount ? bucket : bucket - whole;
    }

    // One for each reservation at least; each new one takes over what belongs to it of one other.
    private void AddBuckets()
    {
        while (_bucketCount < Count)
        {
            int added = _bucketCount++;
            _entries.Edit(added).Bucket = Bucket.Empty;
            if (added == 0) continue;
            int split = added - (1 << BitOperations.Log2((uint)added));
            Bucket old = _entries[split].Bucket;
            _entries.Edit(split).Bucket = Bucket.Empty;
            if (old.Slot != None) Chain(old.Slot, old.Hash);
            for (int slot = old.More; slot != None;)
            {
                Link link = _entries[slot].Link;
                Chain(slot, link.Hash);
                slot = link.Next;
            }
        }
    }

    private void Chain(int slot, int hash)
    {
        ref Bucket bucket = ref _entries.Edit(BucketOf(hash)).Bucket;
        if (bucket.Slot == None) bucket = new Bucket(slot, hash, None);
        else
        {
            _entries.Edit(slot).Link = new Link(bucket.More, hash);
            bucket.More = slot;
        }
    }

    private void Free(int slot)
    {
        _entries.Edit(slot).Link = new Link(_firstFree, 0);
        _firstFree = slot;
    }

    private void Index()
    {
        if (_entries.Count == slots.Count) return;
        while (_entries.Count < slots.Count) _entries.Add(default);
        AddBuckets();
        for (int slot = 0; slot < slots.Count; slot++)
        {
            if (slots.IsUsed(slot)) Chain(slot, slots.KeyOf(slot).GetHashCode());
            else Free(slot);
        }
    }

    // One array that grows instead of two. Fields, as they are changed in place.
    private struct Entry
    {
        public Bucket Bucket;
        public Link Link;
    }

    // The first slot, and the first of the others. Most have one slot or none, and are read without a look elsewhere: what is not in the processor's caches takes longer than all the rest.
    private record struct Bucket(int Slot, int Hash, int More)
    {
        public static readonly Bucket Empty = new(None, 0, None);

        public static Bucket Of(int slot, Link link) => new(slot, link.Hash, link.Next);
    }

    private record struct Link(int Next, int Hash);
}
