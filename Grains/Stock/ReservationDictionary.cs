using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Shop.Stock;

/// <summary>
/// The reservations of one SKU by id, by when they expire and in the order in which they ended. A hot SKU has millions, so each takes some 60 bytes, adding
/// one never moves the others, a frozen copy is made at once, and nearly nothing in it is a reference that the collector has to follow.
/// </summary>
public sealed class ReservationDictionary : IDictionary<ReservationKey, Reservation>
{
    // Of those that are held up to as many again, and these, may have ended before the times of expiry are gone through.
    private const int PassedMin = 8;

    private readonly ReservationSlots _slots;
    private readonly ReservationIndex _index;

    // Slots of those that ended, the one of longest ago first.
    private SegmentedList<int> _ended;
    private int _heldCount;

    // Slots by the ticks of their expiry. Some may have ended or be others' by now; those are passed over when they come up.
    private PriorityQueue<int, long>? _deadlines;
    private long? _nextExpiry;
    private bool _isNextExpiryKnown;

    /// <summary>No reservations.</summary>
    public ReservationDictionary()
        : this(new(), 0, new())
    {
    }

    private ReservationDictionary(ReservationSlots slots, int count, SegmentedList<int> ended) => (_slots, _index, _ended) = (slots, new ReservationIndex(slots, count), ended);

    /// <inheritdoc/>
    public int Count => _index.Count;

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

    /// <summary>
    /// Those that ended, in that order, and when. It can be set once those are there that it names, as where a snapshot is read; of others nothing is kept.
    /// </summary>
    public IEnumerable<ClosedReservation> Ended
    {
        get => _ended.Select(s => new ClosedReservation(_slots.KeyOf(s), _slots[s].ExpiresAt));
        set
        {
            _ended = new();
            foreach ((ReservationKey key, DateTimeOffset at) in value)
            {
                int slot = _index.Find(key);
                if (slot == ReservationIndex.None || _slots.IsHeld(slot)) continue;
                _slots.End(slot, _slots[slot].Status, at);
                _ended.Add(slot);
            }
        }
    }

    /// <inheritdoc/>
    public ICollection<ReservationKey> Keys => [.. this.Select(r => r.Key)];

    /// <inheritdoc/>
    public ICollection<Reservation> Values => [.. this.Select(r => r.Value)];

    /// <inheritdoc/>
    bool ICollection<KeyValuePair<ReservationKey, Reservation>>.IsReadOnly => false;

    private PriorityQueue<int, long> Deadlines => _deadlines ??= new(Enumerable.Range(0, _slots.Count).Where(_slots.IsHeld).Select(s => (s, _slots.At(s))));

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
        int slot = _index.Find(key);
        value = slot == ReservationIndex.None ? default : _slots[slot];
        return slot != ReservationIndex.None;
    }

    /// <inheritdoc/>
    public void Add(ReservationKey key, Reservation value)
    {
        if (_index.Find(key) != ReservationIndex.None) throw new ArgumentException($"There is a reservation {key} already.", nameof(key));
        int slot = _index.Add(key);
        _slots.Set(slot, key, value);
        if (value.Status != ReservationStatus.Held) return;
        _heldCount++;
        long expiresAt = value.ExpiresAt.UtcTicks;
        // Nobody asked for it yet: then it is made of what is here, this one included.
        _deadlines?.Enqueue(slot, expiresAt);
        if (_nextExpiry is null || expiresAt < _nextExpiry) _isNextExpiryKnown = false;
    }

    /// <summary>Ends a held reservation, which stays known until it is forgotten; says what it was.</summary>
    public Reservation End(ReservationKey key, ReservationStatus status, DateTimeOffset at)
    {
        int slot = _index.Find(key);
        if (slot == ReservationIndex.None) throw new KeyNotFoundException($"There is no reservation {key}.");
        Reservation held = _slots[slot];
        if (held.Status != ReservationStatus.Held) throw new InvalidOperationException($"Reservation {key} is {held.Status}, not held.");
        _slots.End(slot, status, at);
        _ended.Add(slot);
        if (held.ExpiresAt.UtcTicks == _nextExpiry) _isNextExpiryKnown = false;
        LetGo();
        return held;
    }

    /// <summary>Forgets those that ended before a time, as far as they are the first in the order of their ends.</summary>
    public void Forget(DateTimeOffset before)
    {
        while (_ended.Count > 0 && _slots.At(_ended[0]) < before.UtcTicks) Clear(_ended.RemoveFirst());
    }

    /// <inheritdoc/>
    public bool Remove(ReservationKey key)
    {
        int slot = _index.Find(key);
        if (slot == ReservationIndex.None) return false;
        if (!_slots.IsHeld(slot))
        {
            Ended = [.. Ended.Where(e => e.Id != key)];
            Clear(slot);
            return true;
        }

        Clear(slot);
        _isNextExpiryKnown = false;
        LetGo();
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

        foreach (int slot in due) Deadlines.Enqueue(slot, _slots.At(slot));
        _isNextExpiryKnown = false;
        return [.. due.Select(_slots.KeyOf)];
    }

    /// <summary>What is in it now; either can change without the other.</summary>
    public ReservationDictionary Freeze() => new(_slots.Freeze(), Count, _ended.Freeze()) { _heldCount = _heldCount };

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<ReservationKey, Reservation>> GetEnumerator()
    {
        for (int i = 0; i < _slots.Count; i++)
        {
            if (_slots.IsUsed(i)) yield return KeyValuePair.Create(_slots.KeyOf(i), _slots[i]);
        }
    }

    /// <inheritdoc/>
    public bool ContainsKey(ReservationKey key) => _index.Find(key) != ReservationIndex.None;

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

    private long? FindNextExpiry()
    {
        while (Deadlines.TryPeek(out int slot, out long at))
        {
            if (IsDueAt(slot, at)) return at;
            Deadlines.Dequeue();
        }

        return null;
    }

    private void Clear(int slot)
    {
        _index.Remove(slot, _slots.KeyOf(slot));
        _slots.Clear(slot);
    }

    private bool IsDueAt(int slot, long at) => _slots.IsHeld(slot) && _slots.At(slot) == at;

    // One is held no more. Most are bought long before they would expire, and their times of expiry are not kept until then.
    private void LetGo()
    {
        _heldCount--;
        if (_deadlines?.Count > (2 * _heldCount) + PassedMin) _deadlines = new(_deadlines.UnorderedItems.Where(d => IsDueAt(d.Element, d.Priority)));
    }
}
