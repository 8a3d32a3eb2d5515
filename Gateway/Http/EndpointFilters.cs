namespace Shop.Gateway.Http;

/// <summary>Filters of routes.</summary>
public static class EndpointFilters
{
    /// <summary>Has the requests of a route go through a filter, which is made once and not for each of them.</summary>
    public static RouteHandlerBuilder WithFilter<TFilter>(this RouteHandlerBuilder route)
        where TFilter : IEndpointFilter => route.AddEndpointFilterFactory((handler, next) =>
        {
            TFilter filter = ActivatorUtilities.CreateInstance<TFilter>(handler.ApplicationServices);
            return context => filter.InvokeAsync(context, next);
        });
}
