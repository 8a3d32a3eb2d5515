namespace Shop.Payments;

/// <summary>What happened to a payment.</summary>
[JsonPolymorphic]
[JsonDerivedType(typeof(Requested), "payment.requested.1")]
[JsonDerivedType(typeof(Authorised), "payment.authorised.1")]
[JsonDerivedType(typeof(Declined), "payment.declined.1")]
[JsonDerivedType(typeof(Captured), "payment.captured.1")]
[JsonDerivedType(typeof(Voided), "payment.voided.1")]
[JsonDerivedType(typeof(RefundRequested), "payment.refund-requested.1")]
[JsonDerivedType(typeof(Refunded), "payment.refunded.1")]
public abstract record PaymentEvent(DateTimeOffset At)
{
    /// <summary>The provider is asked to hold an amount.</summary>
    public sealed record Requested(Money Amount, string Method, string Token, DateTimeOffset At) : PaymentEvent(At);

    /// <summary>The provider holds the amount.</summary>
    public sealed record Authorised(string ProviderReference, DateTimeOffset At) : PaymentEvent(At);

    /// <summary>The provider refused.</summary>
    public sealed record Declined(string Reason, DateTimeOffset At) : PaymentEvent(At);

    /// <summary>The held amount was taken.</summary>
    public sealed record Captured(DateTimeOffset At) : PaymentEvent(At);

    /// <summary>The held amount was let go, or nothing will be held.</summary>
    public sealed record Voided(DateTimeOffset At) : PaymentEvent(At);

    /// <summary>The provider is asked to give an amount back.</summary>
    public sealed record RefundRequested(string RefundId, Money Amount, DateTimeOffset At) : PaymentEvent(At);

    /// <summary>The provider gave the amount back.</summary>
    public sealed record Refunded(string RefundId, DateTimeOffset At) : PaymentEvent(At);
}

/// <summary>A refund and whether the provider has done it.</summary>
public sealed record Refund(Money Amount, bool Done);

/// <summary>A payment. Authorised = captured + voided + held; refunds asked for ≤ captured.</summary>
public sealed record PaymentState : IEventSourced<PaymentState, PaymentEvent>
{
    /// <inheritdoc/>
    public static PaymentState Empty { get; } = new();

    /// <inheritdoc/>
    public static JsonSerializerContext Json => PaymentJson.Default;

    /// <inheritdoc/>
    public static object? Tell(PaymentEvent @event, object? last) => null;

    /// <summary>The amount that the provider was asked for.</summary>
    public Money? Amount { get; init; }

    /// <summary>How it is paid.</summary>
    public string Method { get; init; } = "";

    /// <summary>The provider's token of the customer.</summary>
    public string Token { get; init; } = "";

    /// <summary>The provider's name of the authorisation.</summary>
    public string? ProviderReference { get; init; }

    /// <summary>Where it stands, refunds aside.</summary>
    public PaymentStatus Status { get; init; }

    /// <summary>Why the provider refused.</summary>
    public string? DeclineReason { get; init; }

    /// <summary>Minor units held or once held.</summary>
    public long Authorised { get; init; }

    /// <summary>Minor units taken.</summary>
    public long Captured { get; init; }

    /// <summary>Minor units let go.</summary>
    public long Voided { get; init; }

    /// <summary>Refunds by id.</summary>
    public ImmutableDictionary<string, Refund> Refunds { get; init; } = ImmutableDictionary<string, Refund>.Empty;

    /// <summary>Minor units that may still be given back.</summary>
    // Asked for after each event, and most payments have no refunds to go through.
    [JsonIgnore]
    public long Refundable => Refunds.IsEmpty ? Captured : Captured - Refunds.Values.Sum(r => r.Amount.Minor);

    /// <summary>Minor units given back.</summary>
    [JsonIgnore]
    public long Refunded => Refunds.Values.Where(r => r.Done).Sum(r => r.Amount.Minor);

    /// <inheritdoc/>
    public PaymentState Apply(PaymentEvent @event) => @event switch
    {
        PaymentEvent.Requested e => this with { Status = PaymentStatus.Pending, Amount = e.Amount, Method = e.Method, Token = e.Token },
        PaymentEvent.Authorised e => this with { Status = PaymentStatus.Authorised, ProviderReference = e.ProviderReference, Authorised = Amount!.Value.Minor },
        PaymentEvent.Declined e => this with { Status = PaymentStatus.Declined, DeclineReason = e.Reason },
        PaymentEvent.Captured => this with { Status = PaymentStatus.Captured, Captured = Authorised },
        PaymentEvent.Voided => this with { Status = PaymentStatus.Voided, Voided = Authorised },
        PaymentEvent.RefundRequested e => this with { Refunds = Refunds.Add(e.RefundId, new Refund(e.Amount, false)) },
        PaymentEvent.Refunded e => this with { Refunds = Refunds.SetItem(e.RefundId, Refunds[e.RefundId] with { Done = true }) },
        _ => throw new InvalidOperationException($"{@event.GetType()} is not a payment event."),
    };

    /// <inheritdoc/>
    public void AssertInvariants()
    {
        if (Authorised - Captured - Voided < 0) throw new InvalidOperationException($"Captured {Captured} and voided {Voided} of {Authorised} authorised.");
        if (Refundable < 0) throw new InvalidOperationException($"Refunds exceed the {Captured} captured.");
    }

    /// <summary>The payment as callers see it.</summary>
    public PaymentView ToView()
    {
        Currency currency = Amount?.Currency ?? default;
        PaymentStatus status = Status == PaymentStatus.Captured && Refunded > 0
            ? Refunded == Captured ? PaymentStatus.Refunded : PaymentStatus.PartiallyRefunded
            : Status;
        return new PaymentView(status, new Money(Authorised, currency), new Money(Captured, currency), new Money(Voided, currency), new Money(Refunded, currency));
    }
}

/// <summary>JSON of a payment's events and state.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PaymentEvent[]))]
[JsonSerializable(typeof(PaymentState))]
internal sealed partial class PaymentJson : JsonSerializerContext;
