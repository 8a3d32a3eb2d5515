namespace Shop.Stock;

/// <summary>
/// Reservations in numbered slots, 32 bytes each: there is one for every unit that a flash sale sells, and it stays for a day. Nothing in a slot is a
/// reference; what few reservations have is kept apart.
/// </summary>
internal sealed class ReservationSlots
{
    private readonly SegmentedList<Slot> _slots;

    // As long as the last slot that has any needs it: empty for UUIDs and short ids where no limit per customer is set.
    private readonly SegmentedList<Texts> _texts;

    /// <summary>No slots.</summary>
    public ReservationSlots()
        : this(new(), new())
    {
    }

    private ReservationSlots(SegmentedList<Slot> slots, SegmentedList<Texts> texts) => (_slots, _texts) = (slots, texts);

    /// <summary>How many slots there are, those that are empty included.</summary>
    public int Count => _slots.Count;

    /// <summary>What is in a slot that is not empty.</summary>
    public Reservation this[int slot]
    {
        get
        {
            Slot its = _slots[slot];
            string? customer = its.HasTexts ? _texts[slot].Customer : null;
            return new Reservation(its.Quantity, new DateTimeOffset(its.At, TimeSpan.Zero), customer is null ? null : new CustomerId(customer), (ReservationStatus)its.Status);
        }
    }

    /// <summary>Adds an empty slot at the end, and says which it is.</summary>
    public int Add()
    {
        _slots.Add(default);
        return Count - 1;
    }

    /// <summary>Whose a slot is that is not empty.</summary>
    public ReservationKey KeyOf(int slot) => new(_slots[slot].Key, _slots[slot].HasTexts ? _texts[slot].Key : null);

    /// <summary>Whether a slot that is not empty is that one's.</summary>
    public bool IsOf(int slot, ReservationKey key)
    {
        ref readonly Slot its = ref _slots[slot];
        return its.Key == key.Bytes && (its.HasTexts ? _texts[slot].Key == key.Text : key.Text is null);
    }

    /// <summary>Whether there is a reservation in it.</summary>
    public bool IsUsed(int slot) => _slots[slot].IsUsed;

    /// <summary>Whether there is a reservation in it that is held.</summary>
    public bool IsHeld(int slot) => _slots[slot] is { IsUsed: true, Status: (byte)ReservationStatus.Held };

    /// <summary>When the reservation in it expires, or ended, in ticks of UTC.</summary>
    public long At(int slot) => _slots[slot].At;

    /// <summary>Puts a reservation into an empty slot.</summary>
    public void Set(int slot, ReservationKey key, Reservation value)
    {
        var texts = new Texts(key.Text, value.CustomerId?.Value);
        bool hasTexts = texts != default;
        _slots.Edit(slot) = new Slot(key.Bytes, value.ExpiresAt.UtcTicks, value.Quantity, (byte)value.Status, IsUsed: true, hasTexts);
        if (!hasTexts) return;
        while (_texts.Count <= slot) _texts.Add(default);
        _texts.Edit(slot) = texts;
    }

    /// <summary>The reservation in it ended.</summary>
    public void End(int slot, ReservationStatus status, DateTimeOffset at)
    {
        ref Slot its = ref _slots.Edit(slot);
        its = its with { Status = (byte)status, At = at.UtcTicks };
    }

    /// <summary>Empties a slot.</summary>
    public void Clear(int slot)
    {
        if (_slots[slot].HasTexts) _texts.Edit(slot) = default;
        _slots.Edit(slot) = default;
    }

    /// <summary>What is in them now; either can change without the other.</summary>
    public ReservationSlots Freeze() => new(_slots.Freeze(), _texts.Freeze());

    private record struct Slot(Guid Key, long At, int Quantity, byte Status, bool IsUsed, bool HasTexts);

    // The text of an id that is no UUID and not short, and a customer.
    private record struct Texts(string? Key, string? Customer);
}
