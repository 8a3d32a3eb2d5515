using Shop.Gateway.Http;

namespace Shop.Gateway.Admission;

/// <summary>A route whose requests need a turn.</summary>
public sealed record NeedsTurn;

/// <summary>
/// Sends a request away before its body is read when there would be no turn for it whatever it wants. In a crowd most requests end
/// here, and what they cost is missing to those who are served.
/// </summary>
public sealed class AdmissionMiddleware(RequestDelegate next, AdmissionQueue queue, AdmissionInstruments instruments)
{
    /// <summary>Runs the request, unless it is sent away.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<NeedsTurn>() is null || !queue.RefusesAll) return next(context);
        instruments.Refused(Refused.Overloaded);
        return AdmissionFilter.Away(Refused.Overloaded).ExecuteAsync(context);
    }
}

/// <summary>How routes say that they need a turn.</summary>
public static class AdmissionRoutes
{
    /// <summary>Requests of the route have a turn, wait for one, or are sent away.</summary>
    public static RouteHandlerBuilder NeedsTurn(this RouteHandlerBuilder route) => route.WithFilter<AdmissionFilter>().WithMetadata(new NeedsTurn());
}
