namespace Shop.Stock;

/// <summary>
/// One reservation as the stock remembers it; a value, because a hot SKU has hundreds of thousands. In a snapshot one that says nothing of its status
/// is held. One that ended has the time of its end instead of that of its expiry, which nobody asks for any more.
/// </summary>
[method: JsonConstructor]
public readonly record struct Reservation(
    int Quantity, DateTimeOffset ExpiresAt, CustomerId? CustomerId, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] ReservationStatus Status);

/// <summary>A reservation that ended, and when; it is remembered for a day so that retries get the same answer.</summary>
[method: JsonConstructor]
public readonly record struct ClosedReservation(ReservationKey Id, DateTimeOffset ClosedAt);

/// <summary>
/// The stock of one SKU. Mutable for the sake of a hot SKU, whose reservations run into the hundred thousands; it belongs to
/// one activation and is never handed out. On hand = received + adjusted − sold + returned; reserved ≤ on hand.
/// </summary>
public sealed class StockState : IEventSourced<StockState, StockEvent>
{
    /// <summary>How long an ended reservation and the reference of a booking are remembered.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromHours(24);

    private const int ReferencesMax = 10_000;

    /// <inheritdoc/>
    public static StockState Empty => new();

    /// <inheritdoc/>
    public static JsonSerializerContext Json => StockJson.Default;

    /// <inheritdoc/>
    public static object? Tell(StockEvent @event, object? last) => LevelChange.Add((LevelChange?)last, @event.Change, @event.Available, @event.At);

    /// <summary>Whether anything was ever booked.</summary>
    public bool Exists { get; set; }

    /// <summary>Units that arrived.</summary>
    public long Received { get; set; }

    /// <summary>The sum of all corrections.</summary>
    public long Adjusted { get; set; }

    /// <summary>Units sold.</summary>
    public long Sold { get; set; }

    /// <summary>Units that came back.</summary>
    public long Returned { get; set; }

    /// <summary>Units held.</summary>
    public long Reserved { get; set; }

    /// <summary>Limit and windows.</summary>
    public StockRules Rules { get; set; } = new(null, []);

    /// <summary>Reservations that are held or ended a short while ago.</summary>
    public ReservationDictionary Reservations { get; set; } = [];

    /// <summary>Ended reservations in the order of their ends; in a snapshot behind <see cref="Reservations"/>, which it is a part of.</summary>
    public IEnumerable<ClosedReservation> Closed
    {
        get => Reservations.Ended;
        set => Reservations.Ended = value;
    }

    /// <summary>Bookings by reference with their quantity.</summary>
    public Dictionary<string, int> References { get; set; } = [];

    /// <summary>References in the order of their bookings.</summary>
    public Queue<string> ReferenceOrder { get; set; } = [];

    /// <summary>Units that each customer holds or bought while a limit was set.</summary>
    public Dictionary<CustomerId, long> UnitsByCustomer { get; set; } = [];

    /// <summary>Units in the house.</summary>
    [JsonIgnore]
    public long OnHand => Received + Adjusted - Sold + Returned;

    /// <summary>Units that the next buyer can get.</summary>
    [JsonIgnore]
    public long Available => OnHand - Reserved;

    /// <summary>When the next reservation expires.</summary>
    [JsonIgnore]
    public DateTimeOffset? NextExpiry => Reservations.NextExpiry;

    /// <inheritdoc/>
    public StockState Apply(StockEvent @event)
    {
        Exists = true;
        switch (@event)
        {
            case StockEvent.Received e:
                Received += e.Quantity;
                Remember(e.Reference, e.Quantity);
                break;
            case StockEvent.Adjusted e:
                Adjusted += e.Difference;
                Remember(e.Reference, e.Difference);
                break;
            case StockEvent.Reserved e:
                Reserved += e.Quantity;
                Reservations.Add(e.Id, new Reservation(e.Quantity, e.ExpiresAt, Rules.LimitPerCustomer is null ? null : e.CustomerId, ReservationStatus.Held));
                if (Rules.LimitPerCustomer is not null && e.CustomerId is { } customer) Count(customer, e.Quantity);
                break;
            case StockEvent.Confirmed e:
                Sold += Close(e.Id, ReservationStatus.Confirmed, e.At).Quantity;
                break;
            case StockEvent.Released e:
                GiveBack(Close(e.Id, ReservationStatus.Released, e.At));
                break;
            case StockEvent.Expired e:
                GiveBack(Close(e.Id, ReservationStatus.Expired, e.At));
                break;
            case StockEvent.Returned e:
                Returned += e.Quantity;
                if (!e.Restocked) Adjusted -= e.Quantity;
                Remember(e.ReturnId, e.Quantity);
                break;
            case StockEvent.RulesSet e:
                Rules = e.Rules;
                break;
            default:
                throw new InvalidOperationException($"{@event.GetType()} is not a stock event.");
        }

        return this;
    }

    /// <inheritdoc/>
    public void AssertInvariants()
    {
        if (Reserved < 0 || Reserved > OnHand) throw new InvalidOperationException($"Reserved {Reserved} of {OnHand} on hand.");
        if (Returned > Sold) throw new InvalidOperationException($"Returned {Returned} of {Sold} sold.");
        if (NextExpiry is not null != Reserved > 0) throw new InvalidOperationException($"{Reserved} units are held, and the next of them become free at {NextExpiry}.");
    }

    /// <inheritdoc/>
    public StockState Freeze()
    {
        var copy = (StockState)MemberwiseClone();
        copy.Reservations = Reservations.Freeze();
        (copy.References, copy.ReferenceOrder, copy.UnitsByCustomer) = (new(References), new(ReferenceOrder), new(UnitsByCustomer));
        return copy;
    }

    private Reservation Close(ReservationId id, ReservationStatus status, DateTimeOffset at)
    {
        Reservation held = Reservations.End(id, status, at);
        Reserved -= held.Quantity;
        Reservations.Forget(at - Memory);
        return held;
    }

    private void GiveBack(Reservation reservation)
    {
        if (reservation.CustomerId is { } customer) Count(customer, -reservation.Quantity);
    }

    private void Count(CustomerId customer, long units)
    {
        long now = UnitsByCustomer.GetValueOrDefault(customer) + units;
        if (now > 0) UnitsByCustomer[customer] = now;
        else UnitsByCustomer.Remove(customer);
    }

    private void Remember(string reference, int quantity)
    {
        if (!References.TryAdd(reference, quantity)) return;
        ReferenceOrder.Enqueue(reference);
        if (ReferenceOrder.Count > ReferencesMax) References.Remove(ReferenceOrder.Dequeue());
    }
}
