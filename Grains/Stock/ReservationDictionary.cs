using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Shop.Stock;

/// <summary>
/// The reservations of one SKU by id and by when they expire. A hot SKU has millions, so adding one never moves the others (the buckets of the ids are
/// split one by one, as in linear hashing), a frozen copy is made at once, and nearly nothing in it is a reference that the collector has to follow.
/// </summary>
public sealed class ReservationDictionary : IDictionary<ReservationKey, Reservation>
{
    private const int None = -1;

    private readonly SegmentedList<Slot> _slots;

    // Each has its first slot and the first of the others.
    private readonly SegmentedList<Bucket> _buckets = new();

    // One for each slot and apart from it, so that changing a chain leaves the slots alone, which a frozen copy may share.
    private readonly SegmentedList<Link> _links = new();
    private int _firstFree = None;

    // Slots by the ticks of their expiry. Some may have ended or be others' by now; those are passed over when they come up.
    private PriorityQueue<int, long>? _deadlines;
    private long? _nextExpiry;
    private bool _isNextExpiryKnown;

    /// <summary>No reservations.</summary>
    public ReservationDictionary()
        : this(new())
    {
    }

    private ReservationDictionary(SegmentedList<Slot> slots) => _slots = slots;

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <summary>When the next held reservation expires.</summary>
    public DateTimeOffset? NextExpiry
    {
        get
        {
            // Every command asks for it more than once.
            if (!_isNextExpiryKnown) (_nextExpiry, _isNextExpiryKnown) = (FindNextExpiry(), true);
            return _nextExpiry is { } ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;
        }
    }

    /// <inheritdoc/>
    public ICollection<ReservationKey> Keys => [.. this.Select(r => r.Key)];

    /// <inheritdoc/>
    public ICollection<Reservation> Values => [.. this.Select(r => r.Value)];

    /// <inheritdoc/>
    bool ICollection<KeyValuePair<ReservationKey, Reservation>>.IsReadOnly => false;

    private PriorityQueue<int, long> Deadlines => _deadlines ??= new(Enumerable.Range(0, _slots.Count).Where(s => _slots[s].IsHeld).Select(s => (s, _slots[s].ExpiresAt)));

    /// <inheritdoc/>
    public Reservation this[ReservationKey key]
    {
        get => TryGetValue(key, out Reservation value) ? value : throw new KeyNotFoundException($"There is no reservation {key}.");
        set
        {
            Remove(key);
            Add(key, value);
        }
    }

    /// <inheritdoc/>
    public bool TryGetValue(ReservationKey key, [MaybeNullWhen(false)] out Reservation value)
    {
        int slot = Find(key);
        value = slot == None ? default : _slots[slot].Value;
        return slot != None;
    }

    /// <inheritdoc/>
    public void Add(ReservationKey key, Reservation value)
    {
        if (Find(key) != None) throw new ArgumentException($"There is a reservation {key} already.", nameof(key));
        int slot = _firstFree;
        if (slot == None)
        {
            slot = _slots.Count;
            _slots.Add(default);
            _links.Add(default);
        }
        else _firstFree = _links[slot].Next;

        _slots.Edit(slot) = new Slot(key, value);
        Count++;
        AddBuckets();
        Chain(slot, key.GetHashCode());
        if (value.Status != ReservationStatus.Held) return;
        long expiresAt = value.ExpiresAt.UtcTicks;
        // Nobody asked for it yet: then it is made of what is here, this one included.
        _deadlines?.Enqueue(slot, expiresAt);
        if (_nextExpiry is null || expiresAt < _nextExpiry) _isNextExpiryKnown = false;
    }

    /// <summary>Ends a held reservation, which stays known; says what it was.</summary>
    public Reservation End(ReservationKey key, ReservationStatus status)
    {
        int slot = Find(key);
        if (slot == None) throw new KeyNotFoundException($"There is no reservation {key}.");
        Reservation held = _slots[slot].Value;
        if (held.Status != ReservationStatus.Held) throw new InvalidOperationException($"Reservation {key} is {held.Status}, not held.");
        _slots.Edit(slot) = new Slot(key, held with { Status = status });
        if (held.ExpiresAt.UtcTicks == _nextExpiry) _isNextExpiryKnown = false;
        return held;
    }

    /// <inheritdoc/>
    public bool Remove(ReservationKey key)
    {
        int slot = Find(key);
        if (slot == None) return false;
        ref Bucket bucket = ref _buckets.Edit(BucketOf(key.GetHashCode()));
        if (bucket.Slot == slot) bucket = bucket.More == None ? Bucket.Empty : new Bucket(bucket.More, _links[bucket.More].Hash, _links[bucket.More].Next);
        else if (bucket.More == slot) bucket.More = _links[slot].Next;
        else
        {
            int before = bucket.More;
            while (_links[before].Next != slot) before = _links[before].Next;
            _links.Edit(before).Next = _links[slot].Next;
        }

        _slots.Edit(slot) = default;
        Free(slot);
        Count--;
        _isNextExpiryKnown = false;
        return true;
    }

    /// <summary>The held reservations whose time is over, the one of longest ago first. They stay held until they are ended.</summary>
    public IReadOnlyList<ReservationKey> DueAt(DateTimeOffset now)
    {
        // A slot may be there for who had it before, too.
        List<int> due = [];
        HashSet<int> seen = [];
        while (FindNextExpiry() <= now.UtcTicks)
        {
            int slot = Deadlines.Dequeue();
            if (seen.Add(slot)) due.Add(slot);
        }

        foreach (int slot in due) Deadlines.Enqueue(slot, _slots[slot].ExpiresAt);
        _isNextExpiryKnown = false;
        return [.. due.Select(s => _slots[s].Key)];
    }

    /// <summary>What is in it now; either can change without the other.</summary>
    public ReservationDictionary Freeze() => new(_slots.Freeze()) { Count = Count };

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<ReservationKey, Reservation>> GetEnumerator()
    {
        for (int i = 0; i < _slots.Count; i++)
        {
            Slot slot = _slots[i];
            if (slot.IsUsed) yield return KeyValuePair.Create(slot.Key, slot.Value);
        }
    }

    /// <inheritdoc/>
    public bool ContainsKey(ReservationKey key) => Find(key) != None;

    /// <inheritdoc/>
    public void Clear()
    {
        foreach (ReservationKey key in Keys) Remove(key);
    }

    /// <inheritdoc/>
    void ICollection<KeyValuePair<ReservationKey, Reservation>>.Add(KeyValuePair<ReservationKey, Reservation> item) => Add(item.Key, item.Value);

    /// <inheritdoc/>
    bool ICollection<KeyValuePair<ReservationKey, Reservation>>.Contains(KeyValuePair<ReservationKey, Reservation> item) =>
        TryGetValue(item.Key, out Reservation value) && value == item.Value;

    /// <inheritdoc/>
    bool ICollection<KeyValuePair<ReservationKey, Reservation>>.Remove(KeyValuePair<ReservationKey, Reservation> item) =>
        TryGetValue(item.Key, out Reservation value) && value == item.Value && Remove(item.Key);

    /// <inheritdoc/>
    void ICollection<KeyValuePair<ReservationKey, Reservation>>.CopyTo(KeyValuePair<ReservationKey, Reservation>[] array, int arrayIndex)
    {
        foreach (KeyValuePair<ReservationKey, Reservation> item in this) array[arrayIndex++] = item;
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int Find(ReservationKey key)
    {
        if (_links.Count < _slots.Count) Index();
        if (_buckets.Count == 0) return None;
        int hash = key.GetHashCode();
        Bucket bucket = _buckets[BucketOf(hash)];
        if (bucket.Slot != None && bucket.Hash == hash && _slots[bucket.Slot].Key == key) return bucket.Slot;
        for (int slot = bucket.More; slot != None; slot = _links[slot].Next)
            if (_links[slot].Hash == hash && _slots[slot].Key == key) return slot;
        return None;
    }

    // With n buckets, of which 2^k is the largest power of two, k bits of the hash say which; one more if that bucket was split already.
    private int BucketOf(int hash)
    {
        int whole = 1 << BitOperations.Log2((uint)_buckets.Count);
        int bucket = hash & ((whole * 2) - 1);
        return bucket < _buckets.Count ? bucket : bucket - whole;
    }

    // One and a half for each reservation at least; each new one takes over what belongs to it of one other.
    private void AddBuckets()
    {
        while (_buckets.Count < Count + (Count >> 1))
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

    // A frozen copy comes without links; it needs them only if it is asked for one.
    private void Index()
    {
        AddBuckets();
        for (int slot = _links.Count; slot < _slots.Count; slot++)
        {
            _links.Add(default);
            if (_slots[slot].IsUsed) Chain(slot, _slots[slot].Key.GetHashCode());
            else Free(slot);
        }
    }

    private long? FindNextExpiry()
    {
        while (Deadlines.TryPeek(out int slot, out long at))
        {
            if (_slots[slot].IsHeld && _slots[slot].ExpiresAt == at) return at;
            Deadlines.Dequeue();
        }

        return null;
    }

    // Most have one slot or none, and are read without a look elsewhere: what is not in the processor's caches takes longer than all the rest.
    private record struct Bucket(int Slot, int Hash, int More)
    {
        public static readonly Bucket Empty = new(None, 0, None);
    }

    private record struct Link(int Next, int Hash);

    // Small: there is one for every unit that a flash sale sells.
    private readonly struct Slot(ReservationKey key, Reservation value)
    {
        private readonly string? _customer = value.CustomerId?.Value;
        private readonly int _quantity = value.Quantity;
        private readonly byte _status = (byte)value.Status;

        public ReservationKey Key { get; } = key;

        // In ticks of UTC.
        public long ExpiresAt { get; } = value.ExpiresAt.UtcTicks;

        public bool IsUsed { get; } = true;

        public bool IsHeld => IsUsed && _status == (byte)ReservationStatus.Held;

        public Reservation Value => new(_quantity, new DateTimeOffset(ExpiresAt, TimeSpan.Zero), _customer is null ? null : new CustomerId(_customer), (ReservationStatus)_status);
    }
}
