using Shop.Gateway.Http;

namespace Shop.Gateway.Access;

/// <summary>Who sent the request, as its key or token says.</summary>
public sealed record Principal(string Id, PrincipalKind Kind, IReadOnlySet<string> Scopes, Caller Caller, string? SessionHash)
{
    /// <summary>Whether it may do what needs the scope.</summary>
    public bool Has(string scope) => Scopes.Contains(Access.Scopes.All) || Scopes.Contains(scope);
}

/// <summary>What kind of key or token.</summary>
public enum PrincipalKind
{
    /// <summary>A secret key.</summary>
    Secret,

    /// <summary>A publishable key.</summary>
    Publishable,

    /// <summary>A token of a session.</summary>
    Session,
}

/// <summary>What secret keys may be allowed to do.</summary>
public static class Scopes
{
    /// <summary>Everything.</summary>
    public const string All = "*";

    /// <summary>Change products.</summary>
    public const string CatalogWrite = "catalog:write";

    /// <summary>Change stock and see its inner figures.</summary>
    public const string StockWrite = "stock:write";

    /// <summary>Fill carts and check out for anybody.</summary>
    public const string Checkout = "checkout";

    /// <summary>See orders of anybody.</summary>
    public const string OrdersRead = "orders:read";

    /// <summary>Fulfil, cancel, return and refund.</summary>
    public const string OrdersWrite = "orders:write";

    /// <summary>See and change customers.</summary>
    public const string Customers = "customers";

    /// <summary>Change coupons.</summary>
    public const string PromotionsWrite = "promotions:write";

    /// <summary>Open sessions for customers.</summary>
    public const string Sessions = "sessions";

    /// <summary>Make and revoke keys.</summary>
    public const string Keys = "keys";

    /// <summary>See the figures of the shop.</summary>
    public const string AnalyticsRead = "analytics:read";

    /// <summary>Read the feed of events, which tells of every order.</summary>
    public const string EventsRead = "events:read";

    /// <summary>Report views of any visitor.</summary>
    public const string ViewsWrite = "views:write";

    /// <summary>See how streams are consumed and try parked events again.</summary>
    public const string Operate = "operate";

    /// <summary>All that there are.</summary>
    public static readonly IReadOnlyList<string> Known =
        [All, CatalogWrite, StockWrite, Checkout, OrdersRead, OrdersWrite, Customers, PromotionsWrite, Sessions, Keys, AnalyticsRead, EventsRead, ViewsWrite, Operate];
}

/// <summary>What a route asks of who calls it: a scope of a secret key, and whether storefronts may.</summary>
public sealed record AccessRule(string? Scope, Storefront Storefront);

/// <summary>Which storefront callers a route takes.</summary>
public enum Storefront
{
    /// <summary>None: the route is for administrators.</summary>
    None,

    /// <summary>Sessions.</summary>
    Session,

    /// <summary>Sessions and publishable keys.</summary>
    Any,
}

/// <summary>Reading the principal of a request, and asking for one on a route.</summary>
public static class AccessExtensions
{
    /// <summary>Who sent the request.</summary>
    public static Principal Principal(this HttpContext context) => RequestFeature.Of(context).Principal ?? throw new InvalidOperationException("The route does not say who may call it.");

    /// <summary>On whose behalf grains are called.</summary>
    public static Caller Caller(this HttpContext context) => context.Principal().Caller;

    /// <summary>Asks for a scope of secret keys, and says which storefront callers may come without one.</summary>
    public static TBuilder Needs<TBuilder>(this TBuilder builder, string? scope, Storefront storefront = Storefront.None)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new AccessRule(scope, storefront));

    internal static void SetPrincipal(this HttpContext context, Principal principal) => RequestFeature.Of(context).Principal = principal;
}
