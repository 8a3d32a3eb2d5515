using Shop.Gateway.Http;

namespace Shop.Gateway.Access;

/// <summary>Finds out who calls and whether the route takes them; a route that says nothing of access is open.</summary>
public sealed class AccessMiddleware(RequestDelegate next, KeyRing keys, RateLimits limits)
{
    private const string Scheme = "Bearer ";

    /// <summary>Runs the request, if it may.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<AccessRule>() is not { } rule) return next(context);
        string authorization = context.Request.Headers.Authorization.ToString();
        ValueTask<Principal?> finding = authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? keys.FindAsync(authorization[Scheme.Length..].Trim()) : default;
        // Known at once, nearly always.
        return finding.IsCompletedSuccessfully ? Admit(context, rule, finding.Result) : AdmitAsync(context, rule, finding);
    }

    private async Task AdmitAsync(HttpContext context, AccessRule rule, ValueTask<Principal?> finding) => await Admit(context, rule, await finding);

    private Task Admit(HttpContext context, AccessRule rule, Principal? principal)
    {
        if (principal is null)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return Reply.Problem(Problems.Of(401, "unauthorised", "A valid key or session is needed.", "Send Authorization: Bearer KEY.")).ExecuteAsync(context);
        }

        if (Refuse(principal, rule) is { } reason) return Reply.Problem(Problems.Of(403, "forbidden", "This key may not do this.", reason)).ExecuteAsync(context);
        if (limits.Refuse(principal) is { } seconds)
            return Reply.Problem(Problems.Of(429, "too-many-requests", "This key sends more requests than it may."), seconds).ExecuteAsync(context);
        context.SetPrincipal(principal);
        return next(context);
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
