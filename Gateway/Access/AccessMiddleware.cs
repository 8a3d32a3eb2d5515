using Shop.Gateway.Http;

namespace Shop.Gateway.Access;

/// <summary>Finds out who calls and whether the route takes them; a route that says nothing of access is open.</summary>
public sealed class AccessMiddleware(RequestDelegate next, KeyRing keys, RateLimits limits)
{
    private const string Scheme = "Bearer ";

    /// <summary>Runs the request, if it may.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        Endpoint? endpoint = context.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<AccessRule>() is not { } rule)
        {
            await next(context);
            return;
        }

        string authorization = context.Request.Headers.Authorization.ToString();
        Principal? principal = authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? await keys.FindAsync(authorization, Scheme.Length) : null;
        if (principal is null)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            await Reply.Problem(Problems.Of(401, "unauthorised", "A valid key or session is needed.", "Send Authorization: Bearer KEY.")).ExecuteAsync(context);
            return;
        }

        if (Refuse(principal, rule) is { } reason)
        {
            await Reply.Problem(Problems.Of(403, "forbidden", "This key may not do this.", reason)).ExecuteAsync(context);
            return;
        }

        if (limits.Refuse(principal) is { } seconds)
        {
            await Reply.Problem(Problems.Of(429, "too-many-requests", "This key sends more requests than it may."), seconds).ExecuteAsync(context);
            return;
        }

        context.SetPrincipal(principal);
        await next(context);
    }

    private static string? Refuse(Principal principal, AccessRule rule) => principal.Kind switch
    {
        PrincipalKind.Secret => rule.Scope is null || principal.Has(rule.Scope) ? null : $"It needs the scope {rule.Scope}.",
        PrincipalKind.Session => rule.Storefront == Storefront.None ? "The route is for secret keys." : null,
        _ => rule.Storefront switch
        {
            Storefront.Any => null,
            Storefront.Session => "Open a session with POST /v1/sessions and use its token.",
            _ => "The route is for secret keys.",
        },
    };
}
