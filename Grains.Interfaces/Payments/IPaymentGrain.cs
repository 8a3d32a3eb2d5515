namespace Shop.Payments;

/// <summary>
/// The payment of one order; its key is the order id. Promise: authorised = captured + voided + held, refunded ≤ captured, and
/// whatever the provider answers, late or twice, counts once.
/// </summary>
[Alias("Payment")]
public interface IPaymentGrain : IGrainWithStringKey
{
    /// <summary>Asks the provider to hold the amount. Called again, it finds out how the first time ended.</summary>
    Task<PaymentAnswer> Authorise(AuthorisePayment command);

    /// <summary>Takes the held amount.</summary>
    Task<PaymentAnswer> Capture();

    /// <summary>Lets the held amount go, or makes sure that nothing will be held.</summary>
    Task<PaymentAnswer> Void();

    /// <summary>Gives a captured amount back, in whole or in part. The same refund id again gives the same answer.</summary>
    Task<PaymentAnswer> Refund(string refundId, Money amount);

    /// <summary>The provider says how an authorisation ended, when and as often as it likes.</summary>
    Task<PaymentAnswer> ProviderAnswered(bool approved, string providerReference);

    /// <summary>The payment as it is now.</summary>
    [ReadOnly]
    Task<PaymentAnswer> Get();
}

/// <summary>An amount is to be held with a token that the provider gave the customer.</summary>
[GenerateSerializer, Immutable, Alias("AuthorisePayment")]
public sealed record AuthorisePayment(Money Amount, string Method, string Token)
{
    /// <summary>
    /// Whether nobody can have asked for this payment before, so that there is nothing to look for. Only the order that has just
    /// become durable as its first commit knows that: should it be wrong, the journal refuses what is written, but the provider has been asked by then.
    /// </summary>
    [Id(0)]
    public bool IsFirst { get; init; }
}

/// <summary>Where a payment stands.</summary>
public enum PaymentStatus
{
    /// <summary>Nothing was asked yet.</summary>
    None,

    /// <summary>The provider was asked and has not said how it ended.</summary>
    Pending,

    /// <summary>The amount is held.</summary>
    Authorised,

    /// <summary>The provider refused.</summary>
    Declined,

    /// <summary>The amount was taken.</summary>
    Captured,

    /// <summary>The amount was let go.</summary>
    Voided,

    /// <summary>A part was given back.</summary>
    PartiallyRefunded,

    /// <summary>All was given back.</summary>
    Refunded,
}

/// <summary>A payment as it is now.</summary>
[GenerateSerializer, Immutable, Alias("PaymentView")]
public sealed record PaymentView(PaymentStatus Status, Money Authorised, Money Captured, Money Voided, Money Refunded)
{
    /// <summary>What is still held.</summary>
    public Money Held => Authorised - Captured - Voided;
}

/// <summary>What a payment command came to.</summary>
[GenerateSerializer, Immutable, Alias("PaymentAnswer")]
public abstract record PaymentAnswer
{
    /// <summary>It is done, now or earlier.</summary>
    [GenerateSerializer, Immutable, Alias("PaymentAnswer.Ok")]
    public sealed record Ok(PaymentView Payment) : PaymentAnswer;

    /// <summary>The provider refused; the reason is the provider's code.</summary>
    [GenerateSerializer, Immutable, Alias("PaymentAnswer.Declined")]
    public sealed record Declined(string Reason) : PaymentAnswer;

    /// <summary>The provider has not said; ask again later.</summary>
    [GenerateSerializer, Immutable, Alias("PaymentAnswer.Pending")]
    public sealed record Pending : PaymentAnswer;

    /// <summary>The payment is in another state than the command needs.</summary>
    [GenerateSerializer, Immutable, Alias("PaymentAnswer.Illegal")]
    public sealed record Illegal(PaymentStatus Status, string Reason) : PaymentAnswer;

    /// <summary>More than was captured and not yet refunded.</summary>
    [GenerateSerializer, Immutable, Alias("PaymentAnswer.TooMuch")]
    public sealed record TooMuch(Money Refundable) : PaymentAnswer;
}
