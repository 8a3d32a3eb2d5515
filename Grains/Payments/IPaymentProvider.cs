namespace Shop.Payments;

/// <summary>
/// A payment provider. Every call carries the id of the payment or refund as its idempotency key: asked twice, it does it once
/// and answers the same. A call that does not answer in time may still have happened.
/// </summary>
public interface IPaymentProvider
{
    /// <summary>Holds an amount.</summary>
    Task<ProviderAnswer> Authorise(string paymentId, Money amount, string method, string token, CancellationToken cancellation);

    /// <summary>Says how an authorisation ended.</summary>
    Task<ProviderAnswer> Query(string paymentId, string token, CancellationToken cancellation);

    /// <summary>Takes a held amount.</summary>
    Task Capture(string paymentId, string providerReference, Money amount, CancellationToken cancellation);

    /// <summary>
    /// Lets the payment go, wherever it stands: a held amount is released, one that was taken is given back in full, and a payment that is still
    /// to come is refused. After a crash the shop may not know that it has captured, and asks for this.
    /// </summary>
    Task Void(string paymentId, CancellationToken cancellation);

    /// <summary>Gives an amount back.</summary>
    Task Refund(string paymentId, string refundId, Money amount, CancellationToken cancellation);
}

/// <summary>How an authorisation ended, as far as the provider says.</summary>
public abstract record ProviderAnswer
{
    /// <summary>The amount is held.</summary>
    public sealed record Approved(string Reference) : ProviderAnswer;

    /// <summary>The amount is not held and will not be.</summary>
    public sealed record Declined(string Reason) : ProviderAnswer;

    /// <summary>The provider does not know yet, or knows nothing of the payment.</summary>
    public sealed record Unknown : ProviderAnswer;
}

/// <summary>How the shop deals with its payment provider.</summary>
public sealed class PaymentOptions
{
    /// <summary>How long a call of the provider may take before the order is left pending. 3 seconds by default.</summary>
    public TimeSpan ProviderTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long an order waits for the provider before it is given up. 2 minutes by default.</summary>
    public TimeSpan PaymentWindow { get; set; } = TimeSpan.FromMinutes(2);
}
