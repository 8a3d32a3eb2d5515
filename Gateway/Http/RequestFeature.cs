using Microsoft.AspNetCore.Http.Features;
using Shop.Gateway.Access;

namespace Shop.Gateway.Http;

/// <summary>
/// What the gateway knows of a request. It stands where the server has a place of its own, the request's services: features that the server does not
/// know are looked for in all other places first.
/// </summary>
internal sealed class RequestFeature(IServiceProvider services) : IServiceProvidersFeature
{
    /// <summary>The services of the whole process: none lives as long as a request, so none needs a scope of its own.</summary>
    public IServiceProvider RequestServices { get; set; } = services;

    /// <summary>Who calls; null until that is known.</summary>
    public Principal? Principal { get; set; }

    /// <summary>The body; null until it was read.</summary>
    public byte[]? Body { get; set; }

    /// <summary>What is known of a request.</summary>
    public static RequestFeature Of(HttpContext context) => (RequestFeature)context.Features.GetRequiredFeature<IServiceProvidersFeature>();
}
