using Shop.Gateway.Http;
using Shop.Streams;

namespace Shop.Gateway.Admission;

/// <summary>Has a request wait for its turn, or sends it away with a time to come back.</summary>
public sealed class AdmissionFilter(AdmissionQueue queue, AdmissionInstruments instruments, TimeProvider clock) : IEndpointFilter
{
    private const int ComeBackMax = 4;

    /// <inheritdoc/>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        long asked = clock.GetTimestamp();
        Refused refused = await queue.EnterAsync(Wanted(context), context.HttpContext.RequestAborted);
        if (refused != Refused.No)
        {
            instruments.Refused(refused);
            return Away(refused);
        }

        long began = clock.GetTimestamp();
        instruments.Waited(clock.GetElapsedTime(asked, began));
        if (queue.IsCrowd) Crowd.Announce();
        try
        {
            return await next(context);
        }
        finally
        {
            queue.Leave(began);
        }
    }

    /// <summary>The answer to who is sent away. Nobody is told the same time: not all at once.</summary>
    internal static Reply Away(Refused refused)
    {
        int seconds = Random.Shared.Next(1, ComeBackMax);
        return refused == Refused.BusySku
            ? Reply.Problem(Problems.Of(429, "busy", "Too many want this at the same time.", "Nothing happened. Try again with the same Idempotency-Key."), seconds)
            : Reply.Problem(Problems.Of(503, "overloaded", "The shop has more to do than it can.", "Nothing happened. Try again with the same Idempotency-Key."), seconds);
    }

    // What the request is about: a SKU, or a cart.
    private static string Wanted(EndpointFilterInvocationContext context)
    {
        // By their numbers: an enumerator would be made for each request.
        for (int i = 0; i < context.Arguments.Count; i++)
            if (context.Arguments[i] is Json<CheckoutBody> { Value.Lines: [{ Sku: { } sku }, ..] }) return sku;
        return (string?)context.HttpContext.GetRouteValue("sku") ?? (string?)context.HttpContext.GetRouteValue("id") ?? "";
    }
}
