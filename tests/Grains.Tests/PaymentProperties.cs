using Shop.Journaling;
using Shop.Payments;

namespace Shop.Grains.Tests;

public sealed class PaymentProperties
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Currency Eur = new("EUR");
    private static readonly AuthorisePayment Hundred = new(new Money(100, Eur), "card", "tok");

    public enum Kind
    {
        Authorise,
        Approve,
        Decline,
        Silence,
        Capture,
        Void,
        Refund,
        RefundDone,
    }

    private static readonly Gen<(Kind Kind, int Id, int Amount)> Commands =
        from kind in Gen.Elements(Enum.GetValues<Kind>()) from id in Gen.Choose(0, 4) from amount in Gen.Choose(-5, 120) select (kind, id, amount);

    private static readonly Dictionary<PaymentStatus, PaymentStatus[]> Legal = new()
    {
        [PaymentStatus.None] = [PaymentStatus.Pending],
        [PaymentStatus.Pending] = [PaymentStatus.Authorised, PaymentStatus.Declined, PaymentStatus.Voided],
        [PaymentStatus.Authorised] = [PaymentStatus.Captured, PaymentStatus.Voided],
        [PaymentStatus.Captured] = [],
        [PaymentStatus.Declined] = [],
        [PaymentStatus.Voided] = [],
    };

    [Fact]
    public void Money_is_conserved_and_states_change_only_legally() => Properties.ForAllSequences(Commands, commands =>
    {
        PaymentState state = PaymentState.Empty;
        foreach ((Kind kind, int id, int amount) in commands)
        {
            PaymentStatus before = state.Status;
            ImmutableArray<PaymentEvent> events = Decide(state, kind, id, amount);
            foreach (PaymentEvent @event in events) state = state.Apply(@event);
            state.AssertInvariants();
            if (state.Status != before) Legal[before].ShouldContain(state.Status);
            PaymentView view = state.ToView();
            if (state.Amount is null) continue;
            view.Authorised.ShouldBe(view.Captured + view.Voided + view.Held);
            view.Held.Minor.ShouldBeGreaterThanOrEqualTo(0);
            view.Refunded.Minor.ShouldBeLessThanOrEqualTo(view.Captured.Minor);

            // Said again, nothing more happens.
            Decide(state, kind, id, amount).Where(e => events.Contains(e)).ShouldBeEmpty();
        }
    });

    [Fact]
    public void An_answer_that_comes_after_the_payment_was_voided_takes_nothing()
    {
        PaymentState state = PaymentState.Empty.Apply(new PaymentEvent.Requested(new Money(100, Eur), "card", "tok", Now)).Apply(new PaymentEvent.Voided(Now));
        Decision<PaymentEvent, PaymentAnswer> decision = PaymentDecider.Answered(state, new ProviderAnswer.Approved("late"), Now);
        decision.Events.ShouldBeEmpty();
        PaymentDecider.RefuseCapture(state).ShouldNotBeNull();
    }

    private static ImmutableArray<PaymentEvent> Decide(PaymentState state, Kind kind, int id, int amount) => kind switch
    {
        Kind.Authorise => PaymentDecider.Authorise(state, Hundred, Now).Events,
        Kind.Approve => PaymentDecider.Answered(state, new ProviderAnswer.Approved("ref"), Now).Events,
        Kind.Decline => PaymentDecider.Answered(state, new ProviderAnswer.Declined("no"), Now).Events,
        Kind.Silence => PaymentDecider.Answered(state, new ProviderAnswer.Unknown(), Now).Events,
        Kind.Capture => PaymentDecider.RefuseCapture(state) is null && state.Status == PaymentStatus.Authorised ? [new PaymentEvent.Captured(Now)] : [],
        Kind.Void => PaymentDecider.RefuseVoid(state) is null && state.Status is PaymentStatus.Authorised or PaymentStatus.Pending ? [new PaymentEvent.Voided(Now)] : [],
        Kind.Refund => PaymentDecider.RequestRefund(state, $"r{id}", new Money(amount, Eur), Now).Events,
        Kind.RefundDone => state.Refunds.TryGetValue($"r{id}", out Refund? refund) && !refund.Done ? [new PaymentEvent.Refunded($"r{id}", Now)] : [],
        _ => throw new InvalidOperationException(),
    };
}
