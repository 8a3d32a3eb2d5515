namespace Shop.Payments;

/// <summary>
/// A provider for trying things out. It keeps nothing: what it answers follows from the token alone, so it answers the same
/// after a restart. <c>tok_approve</c> approves, <c>tok_decline</c> declines, <c>tok_timeout</c> never answers and never holds
/// anything, <c>tok_late</c> approves but answers after the shop has stopped waiting, <c>tok_twice</c> approves and says so twice.
/// </summary>
public sealed class TestPaymentProvider(IGrainFactory grains, TimeProvider clock, Microsoft.Extensions.Options.IOptions<PaymentOptions> options) : IPaymentProvider
{
    /// <summary>The tokens that the provider knows.</summary>
    public static readonly ImmutableArray<string> Tokens = ["tok_approve", "tok_decline", "tok_timeout", "tok_late", "tok_twice"];

    /// <inheritdoc/>
    public async Task<ProviderAnswer> Authorise(string paymentId, Money amount, string method, string token, CancellationToken cancellation)
    {
        switch (token)
        {
            case "tok_timeout":
                await Task.Delay(Timeout.InfiniteTimeSpan, clock, cancellation);
                break;
            case "tok_late":
                CallBackLater(paymentId, options.Value.ProviderTimeout * 1.5);
                await Task.Delay(Timeout.InfiniteTimeSpan, clock, cancellation);
                break;
            case "tok_twice":
                CallBackLater(paymentId, TimeSpan.Zero);
                CallBackLater(paymentId, TimeSpan.Zero);
                break;
        }

        return Outcome(paymentId, token);
    }

    /// <inheritdoc/>
    public Task<ProviderAnswer> Query(string paymentId, string token, CancellationToken cancellation) => Task.FromResult(Outcome(paymentId, token));

    /// <inheritdoc/>
    public Task Capture(string paymentId, string providerReference, Money amount, CancellationToken cancellation) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task Void(string paymentId, CancellationToken cancellation) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task Refund(string paymentId, string refundId, Money amount, CancellationToken cancellation) => Task.CompletedTask;

    private static ProviderAnswer Outcome(string paymentId, string token) => token switch
    {
        "tok_approve" or "tok_late" or "tok_twice" => new ProviderAnswer.Approved($"test_{paymentId}"),
        "tok_timeout" => new ProviderAnswer.Unknown(),
        "tok_decline" => new ProviderAnswer.Declined("card_declined"),
        _ => new ProviderAnswer.Declined("unknown_token"),
    };

    private void CallBackLater(string paymentId, TimeSpan delay) => _ = CallBack(paymentId, delay);

    // Never faults: a callback that gets lost is what the shop's own query is for.
    private async Task CallBack(string paymentId, TimeSpan delay)
    {
        try
        {
            await Task.Delay(delay, clock).ConfigureAwait(false);
            await grains.GetGrain<IPaymentGrain>(paymentId).ProviderAnswered(true, $"test_{paymentId}").ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            System.Diagnostics.Activity.Current?.AddException(e);
        }
    }
}
