using Decision = Shop.Journaling.Decision<Shop.Payments.PaymentEvent, Shop.Payments.PaymentAnswer>;

namespace Shop.Payments;

/// <summary>The rules of payments. Pure.</summary>
public static class PaymentDecider
{
    /// <summary>The provider is to be asked, unless it was; then its answer counts.</summary>
    public static Decision Authorise(PaymentState state, AuthorisePayment command, DateTimeOffset now) => state.Status switch
    {
        PaymentStatus.None when command.Amount.Minor <= 0 => Decision.Say(new PaymentAnswer.Illegal(state.Status, "The amount must be positive.")),
        PaymentStatus.None => new Decision([new PaymentEvent.Requested(command.Amount, command.Method, command.Token, now)], new PaymentAnswer.Pending()),
        _ when state.Amount != command.Amount => Decision.Say(new PaymentAnswer.Illegal(state.Status, "The payment is for another amount.")),
        PaymentStatus.Pending => Decision.Say(new PaymentAnswer.Pending()),
        PaymentStatus.Declined => Decision.Say(new PaymentAnswer.Declined(state.DeclineReason ?? "declined")),
        PaymentStatus.Voided => Decision.Say(new PaymentAnswer.Illegal(state.Status, "The payment was voided.")),
        _ => Decision.Do(),
    };

    /// <summary>The provider has answered. Only the first answer counts; an approval after a void must be let go again.</summary>
    public static Decision Answered(PaymentState state, ProviderAnswer answer, DateTimeOffset now) => (state.Status, answer) switch
    {
        (PaymentStatus.Pending, ProviderAnswer.Approved approved) => Decision.Do(new PaymentEvent.Authorised(approved.Reference, now)),
        (PaymentStatus.Pending, ProviderAnswer.Declined declined) =>
            new Decision([new PaymentEvent.Declined(declined.Reason, now)], new PaymentAnswer.Declined(declined.Reason)),
        (PaymentStatus.Pending, _) => Decision.Say(new PaymentAnswer.Pending()),
        (PaymentStatus.None, _) => Decision.Say(new PaymentAnswer.Illegal(state.Status, "Nothing was asked of the provider.")),
        (PaymentStatus.Declined, _) => Decision.Say(new PaymentAnswer.Declined(state.DeclineReason ?? "declined")),
        _ => Decision.Do(),
    };

    /// <summary>Whether the held amount can be taken.</summary>
    public static PaymentAnswer? RefuseCapture(PaymentState state) => state.Status is PaymentStatus.Authorised or PaymentStatus.Captured
        ? null
        : new PaymentAnswer.Illegal(state.Status, "Only an authorised payment can be captured.");

    /// <summary>Whether the payment can be ended without taking anything.</summary>
    public static PaymentAnswer? RefuseVoid(PaymentState state) => state.Status == PaymentStatus.Captured
        ? new PaymentAnswer.Illegal(state.Status, "A captured payment is refunded, not voided.")
        : null;

    /// <summary>A refund is asked for, once an id, never beyond what was captured.</summary>
    public static Decision RequestRefund(PaymentState state, string refundId, Money amount, DateTimeOffset now)
    {
        if (state.Refunds.TryGetValue(refundId, out Refund? known))
            return known.Amount == amount ? Decision.Do() : Decision.Say(new PaymentAnswer.Illegal(state.Status, "The refund id was used for another amount."));
        if (state.Status != PaymentStatus.Captured) return Decision.Say(new PaymentAnswer.Illegal(state.Status, "Only a captured payment can be refunded."));
        if (amount.Minor <= 0 || amount.Currency != state.Amount!.Value.Currency) return Decision.Say(new PaymentAnswer.Illegal(state.Status, "A refund is a positive amount in the payment's currency."));
        return amount.Minor > state.Refundable
            ? Decision.Say(new PaymentAnswer.TooMuch(new Money(state.Refundable, amount.Currency)))
            : Decision.Do(new PaymentEvent.RefundRequested(refundId, amount, now));
    }
}
