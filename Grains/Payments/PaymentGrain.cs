using Microsoft.Extensions.Options;
using Shop.Orders;
using Decision = Shop.Journaling.Decision<Shop.Payments.PaymentEvent, Shop.Payments.PaymentAnswer>;

namespace Shop.Payments;

/// <inheritdoc cref="IPaymentGrain"/>
[Reentrant, GrainType("payment"), CollectionAgeLimit(Minutes = 2)]
public sealed class PaymentGrain(
    JournalServices services,
    IPaymentProvider provider,
    IOptions<PaymentOptions> options)
    : EventSourcedGrain<PaymentState, PaymentEvent>(services), IPaymentGrain
{
    private Task<ProviderAnswer>? _asking;
    private bool _asked;

    private string Id => this.GetPrimaryKeyString();

    /// <inheritdoc/>
    protected override bool LoadsLate => true;

    /// <inheritdoc/>
    public async Task<PaymentAnswer> Authorise(AuthorisePayment command)
    {
        await Loaded(isNew: command.IsFirst);
        Decision decision = PaymentDecider.Authorise(State, command, Now);
        if (decision.Answer is not PaymentAnswer.Pending) return await Run(decision);
        // The order is durable and carries the same id. Should a crash make this payment forget that it asked, the order has it ask
        // again, which the provider answers as before, or has it let go.
        CommitLater(decision.Events.AsSpan());
        ProviderAnswer answer = await (_asking ??= Ask(command));
        decision = PaymentDecider.Answered(State, answer, Now);
        // An approval is asked for again if it is forgotten, and is the same; so it may be written together with the capture.
        if (decision is not { Events: [PaymentEvent.Authorised approved], Answer: null }) return await Run(decision);
        CommitLater(approved);
        return new PaymentAnswer.Ok(State.ToView());
    }

    /// <inheritdoc/>
    public async Task<PaymentAnswer> Capture()
    {
        await Loaded();
        if (PaymentDecider.RefuseCapture(State) is { } refused) return refused;
        if (State.Status == PaymentStatus.Authorised) await provider.Capture(Id, State.ProviderReference!, State.Amount!.Value, CancellationToken.None);
        PaymentAnswer answer = await Run(State.Status == PaymentStatus.Authorised ? Decision.Do(new PaymentEvent.Captured(Now)) : Decision.Do());
        // Most payments are never asked for again.
        DeactivateOnIdle();
        return answer;
    }

    /// <inheritdoc/>
    public async Task<PaymentAnswer> Void()
    {
        await Loaded();
        if (PaymentDecider.RefuseVoid(State) is { } refused) return refused;
        // Also when nothing is known of it: it may have been asked for and forgotten.
        if (IsOpen(State.Status)) await provider.Void(Id, CancellationToken.None);
        return PaymentDecider.RefuseVoid(State) ?? await Run(IsOpen(State.Status) ? Decision.Do(new PaymentEvent.Voided(Now)) : Decision.Do());
    }

    /// <inheritdoc/>
    public async Task<PaymentAnswer> Refund(string refundId, Money amount)
    {
        await Loaded();
        PaymentAnswer answer = await Run(PaymentDecider.RequestRefund(State, refundId, amount, Now));
        if (answer is not PaymentAnswer.Ok || State.Refunds[refundId].Done) return answer;
        await provider.Refund(Id, refundId, amount, CancellationToken.None);
        return await Run(State.Refunds[refundId].Done ? Decision.Do() : Decision.Do(new PaymentEvent.Refunded(refundId, Now)));
    }

    /// <inheritdoc/>
    public async Task<PaymentAnswer> ProviderAnswered(bool approved, string providerReference)
    {
        await Loaded();
        bool waiting = State.Status == PaymentStatus.Pending && _asking is null;
        ProviderAnswer answer = approved ? new ProviderAnswer.Approved(providerReference) : new ProviderAnswer.Declined("declined_by_provider");
        PaymentAnswer result = await Run(PaymentDecider.Answered(State, answer, Now));
        if (waiting) await GrainFactory.GetGrain<IOrderGrain>(Id).Resume();
        return result;
    }

    /// <inheritdoc/>
    public async Task<PaymentAnswer> Get()
    {
        await Loaded();
        return await Run(Decision.Do());
    }

    private static bool IsOpen(PaymentStatus status) => status is PaymentStatus.None or PaymentStatus.Pending or PaymentStatus.Authorised;

    private async Task<PaymentAnswer> Run(Decision decision)
    {
        Task durable = Commit(decision.Events.AsSpan());
        PaymentAnswer answer = decision.Answer ?? new PaymentAnswer.Ok(State.ToView());
        await durable;
        return answer;
    }

    // An activation that has not asked yet asks again under the same id: the provider does it once and answers the same.
    private async Task<ProviderAnswer> Ask(AuthorisePayment command)
    {
        bool first = !_asked;
        _asked = true;
        using var limit = new CancellationTokenSource(options.Value.ProviderTimeout, Services.Clock);
        try
        {
            return first
                ? await provider.Authorise(Id, command.Amount, command.Method, command.Token, limit.Token)
                : await provider.Query(Id, command.Token, limit.Token);
        }
        catch (OperationCanceledException)
        {
            return new ProviderAnswer.Unknown();
        }
        finally
        {
            _asking = null;
        }
    }
}
