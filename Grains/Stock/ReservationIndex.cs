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

    // Each has its first slot and the first of the others.
    private readonly SegmentedList<Bucket> _buckets = new();

    // One for each slot and apart from it, so that changing a chain leaves the slots alone, which a frozen copy may share.
    private readonly SegmentedList<Link> _links = new();
    private int _firstFree = None;

    /// <summary>How many reservations there are.</summary>
    public int Count { get; private set; } = count;

    /// <summary>The slot of a reservation, or <see cref="None"/>.</summary>
    public int Find(ReservationKey key)
    {
        Index();
        if (_buckets.Count == 0) return None;
        int hash = key.GetHashCode();
        Bucket bucket = _buckets[BucketOf(hash)];
        if (bucket.Slot != None && bucket.Hash == hash && slots.IsOf(bucket.Slot, key)) return bucket.Slot;
        for (int slot = bucket.More; slot != None; slot = _links[slot].Next)
            if (_links[slot].Hash == hash && slots.IsOf(slot, key)) return slot;
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
            _links.Add(default);
        }
        else _firstFree = _links[slot].Next;

        Count++;
        AddBuckets();
        Chain(slot, key.GetHashCode());
        return slot;
    }

    /// <summary>Its slot can be another's from now on.</summary>
    public void Remove(int slot, ReservationKey key)
    {
        Index();
        ref Bucket bucket = ref _buckets.Edit(BucketOf(key.GetHashCode()));
        if (bucket.Slot == slot) bucket = bucket.More == None ? Bucket.Empty : new Bucket(bucket.More, _links[bucket.More].Hash, _links[bucket.More].Next);
        else if (bucket.More == slot) bucket.More = _links[slot].Next;
        else
        {
            int before = bucket.More;
            while (_links[before].Next != slot) before = _links[before].Next;
            _links.Edit(before).Next = _links[slot].Next;
        }

        Free(slot);
        Count--;
    }

    // With n buckets, of which 2^k is the largest power of two, k bits of the hash say which; one more if that bucket was split already.
    private int BucketOf(int hash)
    {
        int whole = 1 << BitOperations.Log2((uint)_buckets.Count);
        int bucket = hash & ((whole * 2) - 1);
        return bucket < _buckets.Count ? bucket : bucket - whole;
    }

    // One for each reservation at least; each new one takes over what belongs to it of one other.
    private void AddBuckets()
    {
        while (_buckets.Count < Count)
        {
            int added = _buckets.Count;
            _buckets.Add(Bucket.Empty);
            if (added == 0) continue;
            int split = added - (1 << BitOperations.Log2((uint)added));
            Bucket old = _buckets[split];
            _buckets.Edit(split) = Bucket.Empty;
            if (old.Slot != None) Chain(old.Slot, old.Hash);
            for (int slot = old.More; slot != None;)
            {
                Link link = _links[slot];
                Chain(slot, link.Hash);
                slot = link.Next;
            }
        }
    }

    private void Chain(int slot, int hash)
    {
        ref Bucket bucket = ref _buckets.Edit(BucketOf(hash));
        if (bucket.Slot == None) bucket = new Bucket(slot, hash, None);
        else
        {
            _links.Edit(slot) = new Link(bucket.More, hash);
            bucket.More = slot;
        }
    }

    private void Free(int slot)
    {
        _links.Edit(slot) = new Link(_firstFree, 0);
        _firstFree = slot;
    }

    private void Index()
    {
        if (_links.Count == slots.Count) return;
        AddBuckets();
        for (int slot = _links.Count; slot < slots.Count; slot++)
        {
            _links.Add(default);
            if (slots.IsUsed(slot)) Chain(slot, slots.KeyOf(slot).GetHashCode());
            else Free(slot);
        }
    }

    // Most have one slot or none, and are read without a look elsewhere: what is not in the processor's caches takes longer than all the rest.
    private record struct Bucket(int Slot, int Hash, int More)
    {
        public static readonly Bucket Empty = new(None, 0, None);
    }

    private record struct Link(int Next, int Hash);
}
