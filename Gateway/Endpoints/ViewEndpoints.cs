using Shop.Catalog;
using Shop.Gateway.Access;
using Shop.Gateway.Http;
using Shop.Views;

namespace Shop.Gateway.Endpoints;

internal static class ViewEndpoints
{
    private const int BatchMax = 1_000;
    private static readonly TimeSpan AgeMax = TimeSpan.FromDays(7), AheadMax = TimeSpan.FromMinutes(1);

    public static void MapViews(this RouteGroupBuilder v1)
    {
        v1.MapPost("/products/{id}/views", View).Needs(Scopes.ViewsWrite, Storefront.Any).WithFilter<IdempotencyFilter>().WithTags("Views")
            .Produces(204).ProducesProblems(400, 404).WithSummary("Somebody looked at a product").WithName("viewProduct");
        v1.MapPost("/views", Batch).Needs(Scopes.ViewsWrite, Storefront.Session).WithFilter<IdempotencyFilter>().WithTags("Views")
            .Produces<ViewBatchReply>(202).ProducesProblems(400).WithSummary("Reports many views at once; they are durable when the answer comes").WithName("viewProducts");
    }

    private static async Task<IResult> View(HttpContext context, string id, Json<ViewBody> body, IGrainFactory grains, TimeProvider clock)
    {
        ProductId product = Fields.Id<ProductId>(id, "id");
        if (await grains.GetGrain<IProductGrain>(product.Value).Get() is not ProductAnswer.Ok { Product.Content.Published: true }) return Problems.NotFound("product");
        await RecordAsync(grains, [Of(context, product, body.Value.CustomerId, body.Value.SessionId, clock.GetUtcNow(), "")]);
        return Http.Reply.NoContent();
    }

    private static async Task<IResult> Batch(HttpContext context, Json<ViewBatchBody> body, IGrainFactory grains, TimeProvider clock)
    {
        IReadOnlyList<ViewOfBody> views = Fields.List(body.Value.Views, "views", 1, BatchMax);
        DateTimeOffset now = clock.GetUtcNow();
        var known = new RecordedView[views.Count];
        for (int i = 0; i < known.Length; i++)
        {
            ViewOfBody view = views[i];
            if (view.At is { } at && (at < now - AgeMax || at > now + AheadMax)) throw Problems.Bad($"views[{i}].at", "must be within the last seven days");
            known[i] = Of(context, Fields.Id<ProductId>(view.ProductId, $"views[{i}].productId"), view.CustomerId, view.SessionId, view.At ?? now, $"views[{i}].");
        }

        await RecordAsync(grains, known);
        return Http.Reply.Accepted(new ViewBatchReply(known.Length));
    }

    // A session views as itself; whoever has a key says whose view it is.
    private static RecordedView Of(HttpContext context, ProductId product, string? customerId, string? sessionId, DateTimeOffset at, string field)
    {
        Caller caller = context.Caller();
        if (caller.SessionId is { } own) return new RecordedView(product, caller.CustomerId, own, at);
        CustomerId? customer = Fields.OptionalId<CustomerId>(customerId, $"{field}customerId");
        if (customer is not null && !caller.IsAdmin) throw Problems.Bad($"{field}customerId", "is only for secret keys; open a session for the customer");
        string? session = Fields.OptionalId<CustomerId>(sessionId, $"{field}sessionId")?.Value;
        return customer is null && session is null
            ? throw Problems.Bad($"{field}sessionId", "or customerId must say who looked")
            : new RecordedView(product, customer, session, at);
    }

    private static Task RecordAsync(IGrainFactory grains, RecordedView[] views) => Task.WhenAll(views
        .GroupBy(v => IViewLogGrain.ShardOf(v.CustomerId?.Value ?? v.SessionId!))
        .Select(g => grains.GetGrain<IViewLogGrain>(g.Key).Record([.. g])));
}
