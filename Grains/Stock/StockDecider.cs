using Decision = Shop.Journaling.Decision<Shop.Stock.StockEvent, Shop.Stock.StockAnswer>;

namespace Shop.Stock;

/// <summary>The rules of stock. Pure: the state and the time go in, events and an answer come out.</summary>
public static class StockDecider
{
    /// <summary>Units arrive.</summary>
    public static Decision Receive(StockState state, ReceiveStock command, DateTimeOffset now)
    {
        if (command.Quantity is < 1 or > Limits.QuantityMax) return Refuse($"quantity must be 1 to {Limits.QuantityMax}");
        return Booked(state, command.Reference, command.Quantity) ??
            Decision.Do(new StockEvent.Received(command.Quantity, command.Reference, now) { Change = command.Quantity, Available = state.Available + command.Quantity });
    }

    /// <summary>A count is corrected; what is held stays covered.</summary>
    public static Decision Adjust(StockState state, AdjustStock command, DateTimeOffset now)
    {
        if (command.Difference == 0 || Math.Abs((long)command.Difference) > Limits.QuantityMax) return Refuse($"difference must be 1 to {Limits.QuantityMax} up or down");
        if (Booked(state, command.Reference, command.Difference) is { } booked) return booked;
        if (!state.Exists) return Decision.Say(new StockAnswer.Unknown());
        ImmutableArray<StockEvent> expired = Expire(state, now, out long available);
        long left = available + command.Difference;
        return left < 0
            ? new Decision(expired, new StockAnswer.OutOfStock(available))
            : Decision.Do(expired.Add(new StockEvent.Adjusted(command.Difference, command.Reason, command.Reference, now) { Change = command.Difference, Available = left }));
    }

    /// <summary>Units are held, if they are there and the rules allow it.</summary>
    public static Decision Reserve(StockState state, ReserveStock command, DateTimeOffset now)
    {
        if (command.Quantity is < 1 or > Limits.QuantityMax) return Refuse($"quantity must be 1 to {Limits.QuantityMax}");
        if (command.Ttl <= TimeSpan.Zero || command.Ttl > Limits.ReservationTtlMax) return Refuse($"a reservation lasts at most {Limits.ReservationTtlMax.TotalHours} hours");
        if (!state.Exists) return Decision.Say(new StockAnswer.Unknown());
        ImmutableArray<StockEvent> expired = Expire(state, now, out long available);
        if (state.Reservations.TryGetValue(command.Id, out Reservation known)) return new Decision(expired, Known(command, known, now));
        if (Closed(state.Rules, now) is { } closed) return new Decision(expired, closed);
        if (OverLimit(state, command) is { } limited) return new Decision(expired, limited);
        if (command.Quantity > available) return new Decision(expired, new StockAnswer.OutOfStock(available));
        DateTimeOffset expiresAt = now + command.Ttl;
        return new Decision(
            expired.Add(new StockEvent.Reserved(command.Id, command.Quantity, expiresAt, command.CustomerId, now) { Change = -command.Quantity, Available = available - command.Quantity }),
            new StockAnswer.Reserved(command.Id, command.Quantity, expiresAt));
    }

    /// <summary>A held reservation becomes a sale; one whose time is over does not.</summary>
    public static Decision Confirm(StockState state, ReservationId id, DateTimeOffset now) =>
        End(state, id, now, ReservationStatus.Confirmed, new StockAnswer.Confirmed(id), (_, _) => new StockEvent.Confirmed(id, now));

    /// <summary>A held reservation ends without a sale.</summary>
    public static Decision Release(StockState state, ReservationId id, DateTimeOffset now) =>
        End(state, id, now, ReservationStatus.Released, new StockAnswer.Released(id),
            (held, available) => new StockEvent.Released(id, now) { Change = held.Quantity, Available = available + held.Quantity });

    /// <summary>Sold units come back, never more than were sold.</summary>
    public static Decision Return(StockState state, ReturnStock command, DateTimeOffset now)
    {
        if (command.Quantity is < 1 or > Limits.QuantityMax) return Refuse($"quantity must be 1 to {Limits.QuantityMax}");
        if (Booked(state, command.ReturnId, command.Quantity) is { } booked) return booked;
        if (command.Quantity > state.Sold - state.Returned) return Refuse("more units than were sold and not yet returned");
        var returned = new StockEvent.Returned(command.ReturnId, command.Quantity, command.Restock, now);
        return Decision.Do(command.Restock ? returned with { Change = command.Quantity, Available = state.Available + command.Quantity } : returned);
    }

    /// <summary>Limit and windows are set.</summary>
    public static Decision SetRules(StockRules rules, DateTimeOffset now)
    {
        if (rules.LimitPerCustomer is < 1) return Refuse("a limit per customer is at least 1");
        return rules.Windows.Any(w => w.To <= w.From) ? Refuse("a sale window ends after it begins") : Decision.Do(new StockEvent.RulesSet(rules, now));
    }

    /// <summary>Reservations whose time is over give their units back.</summary>
    public static Decision Tick(StockState state, DateTimeOffset now) => Decision.Do(Expire(state, now, out _));

    private static Decision Refuse(string reason) => Decision.Say(new StockAnswer.Refused(reason));

    private static Decision? Booked(StockState state, string reference, int quantity)
    {
        if (!state.References.TryGetValue(reference, out int before)) return null;
        return before == quantity ? Decision.Do() : Refuse("the reference was booked with another quantity");
    }

    private static StockAnswer Known(ReserveStock command, Reservation known, DateTimeOffset now) => known.Status switch
    {
        _ when known.Quantity != command.Quantity => new StockAnswer.Refused("the reservation id was used for another quantity"),
        ReservationStatus.Held when known.ExpiresAt <= now => new StockAnswer.ReservationClosed(command.Id, ReservationStatus.Expired),
        ReservationStatus.Held => new StockAnswer.Reserved(command.Id, known.Quantity, known.ExpiresAt),
        ReservationStatus.Confirmed => new StockAnswer.Confirmed(command.Id),
        ReservationStatus status => new StockAnswer.ReservationClosed(command.Id, status),
    };

    private static StockAnswer.SaleClosed? Closed(StockRules rules, DateTimeOffset now) => rules.Windows.IsDefaultOrEmpty ? null : Outside(rules.Windows, now);

    private static StockAnswer.SaleClosed? Outside(ImmutableArray<SaleWindow> windows, DateTimeOffset now) => windows.Any(w => w.From <= now && now < w.To)
        ? null
        : new StockAnswer.SaleClosed(windows.Where(w => w.From > now).Min(w => (DateTimeOffset?)w.From));

    private static StockAnswer.LimitReached? OverLimit(StockState state, ReserveStock command)
    {
        if (state.Rules.LimitPerCustomer is not { } limit) return null;
        long used = command.CustomerId is { } customer ? state.UnitsByCustomer.GetValueOrDefault(customer) : 0;
        return used + command.Quantity > limit ? new StockAnswer.LimitReached(limit, Math.Max(0, limit - used)) : null;
    }

    private static Decision End(StockState state, ReservationId id, DateTimeOffset now, ReservationStatus status, StockAnswer done, Func<Reservation, long, StockEvent> ended)
    {
        if (!state.Reservations.TryGetValue(id, out Reservation known)) return Decision.Say(new StockAnswer.NoReservation(id));
        ImmutableArray<StockEvent> expired = Expire(state, now, out long available);
        if (known.Status == status) return new Decision(expired, done);
        if (known.Status != ReservationStatus.Held) return new Decision(expired, new StockAnswer.ReservationClosed(id, known.Status));
        return known.ExpiresAt <= now
            ? new Decision(expired, new StockAnswer.ReservationClosed(id, ReservationStatus.Expired))
            : new Decision(expired.Add(ended(known, available)), done);
    }

    // Also says what can be bought after it.
    private static ImmutableArray<StockEvent> Expire(StockState state, DateTimeOffset now, out long available)
    {
        available = state.Available;
        if (state.NextExpiry is not { } next || next > now) return [];
        ImmutableArray<StockEvent>.Builder events = ImmutableArray.CreateBuilder<StockEvent>();
        foreach (ReservationKey id in state.Reservations.DueAt(now))
        {
            int quantity = state.Reservations[id].Quantity;
            available += quantity;
            events.Add(new StockEvent.Expired(id, now) { Change = quantity, Available = available });
        }

        return events.ToImmutable();
    }
}
