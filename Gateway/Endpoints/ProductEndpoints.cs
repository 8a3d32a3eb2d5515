using Shop.Catalog;
using Shop.Gateway.Access;
using Shop.Gateway.Http;

namespace Shop.Gateway.Endpoints;

internal static class ProductEndpoints
{
    private const int MediaMax = 50, CategoriesMax = 50, QueryLengthMax = 200;

    public static void MapProducts(this RouteGroupBuilder v1)
    {
        RouteGroupBuilder products = v1.MapGroup("/products").WithTags("Products");
        products.MapPost("/", Create).Needs(Scopes.CatalogWrite).WithFilter<IdempotencyFilter>()
            .Produces<ProductReply>(201).ProducesProblems(400, 409).WithSummary("Creates a product").WithName("createProduct");
        products.MapGet("/", Search).Needs(null, Storefront.Any)
            .Produces<ProductPageReply>().ProducesProblems(400).WithSummary("Lists and searches products").WithName("searchProducts");
        v1.MapGet("/categories", Categories).Needs(null, Storefront.Any).WithTags("Products")
            .Produces<CategoriesReply>().WithSummary("The categories of products, the largest first").WithName("getCategories");
        products.MapGet("/{id}", Get).Needs(null, Storefront.Any)
            .Produces<ProductReply>().ProducesProblems(404).WithSummary("Shows a product").WithName("getProduct");
        products.MapPut("/{id}", Put).Needs(Scopes.CatalogWrite).WithFilter<IdempotencyFilter>()
            .Produces<ProductReply>().ProducesProblems(400, 409, 412).WithSummary("Creates or replaces a product").WithName("putProduct");
        products.MapDelete("/{id}", Delete).Needs(Scopes.CatalogWrite).WithFilter<IdempotencyFilter>()
            .Produces(204).ProducesProblems(404, 412).WithSummary("Takes a product out of the shop").WithName("deleteProduct");
    }

    private static async Task<IResult> Create(HttpContext context, Json<ProductBody> body, IGrainFactory grains)
    {
        ProductId id = Fields.Id<ProductId>(body.Value.Id ?? context.NewId("product"), "id");
        ProductAnswer answer = await grains.GetGrain<IProductGrain>(id.Value).Save(new SaveProduct(Content(body.Value), SaveMode.Create, null));
        return Reply(answer, created: true);
    }

    private static async Task<IResult> Put(HttpContext context, string id, Json<ProductBody> body, IGrainFactory grains)
    {
        ProductId product = Fields.Id<ProductId>(id, "id");
        if (body.Value.Id is { } other && other != id) throw Problems.Bad("id", "must be the id in the path, or missing");
        long? version = Fields.IfMatch(context);
        var save = new SaveProduct(Content(body.Value), version is null ? SaveMode.Upsert : SaveMode.Replace, version);
        return Reply(await grains.GetGrain<IProductGrain>(product.Value).Save(save));
    }

    private static async Task<IResult> Get(HttpContext context, string id, IGrainFactory grains)
    {
        ProductAnswer answer = await grains.GetGrain<IProductGrain>(Fields.Id<ProductId>(id, "id").Value).Get();
        if (answer is ProductAnswer.Ok { Product: var product })
        {
            if (!product.Content.Published && !context.Principal().Has(Scopes.CatalogWrite)) return Problems.NotFound("product");
            if (context.Request.Headers.IfNoneMatch == $"\"{product.Version}\"") return TypedResults.StatusCode(StatusCodes.Status304NotModified);
        }

        return Reply(answer);
    }

    private static async Task<IResult> Categories(IGrainFactory grains) => Http.Reply.Ok(new CategoriesReply(
        [.. (await grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key).Categories()).Select(c => new CategoryReply(c.Category, c.Count))]));

    private static async Task<IResult> Delete(HttpContext context, string id, IGrainFactory grains) =>
        Reply(await grains.GetGrain<IProductGrain>(Fields.Id<ProductId>(id, "id").Value).Delete(Fields.IfMatch(context)));

    private static async Task<IResult> Search(
        HttpContext context, IGrainFactory grains, PageToken tokens, string? query = null, string? category = null, string? pageSize = null, string? pageToken = null)
    {
        Fields.OptionalText(query, "query", QueryLengthMax);
        Fields.OptionalText(category, "category");
        string asked = $"{query}\n{category}";
        string? after = tokens.Read(asked, pageToken);
        bool all = context.Principal().Has(Scopes.CatalogWrite);
        if (!string.IsNullOrWhiteSpace(query))
        {
            int size = Fields.PageSize(pageSize), skip = after is null ? 0 : int.Parse(after, System.Globalization.CultureInfo.InvariantCulture);
            SearchPage found = await grains.GetGrain<ISearchGrain>(ISearchGrain.Key).Find(query, category, all, skip, size);
            string? next = skip + size < found.Total ? tokens.Make(asked, (skip + size).ToString(System.Globalization.CultureInfo.InvariantCulture)) : null;
            return Http.Reply.Ok(new ProductPageReply([.. found.Products.Select(Views.Of)], next, found.Total, [.. found.Categories.Select(c => new CategoryReply(c.Category, c.Count))]));
        }

        ProductPage page = await grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key).Search(new ProductQuery(category, all, Fields.PageSize(pageSize), after));
        return Http.Reply.Ok(new ProductPageReply([.. page.Products.Select(Views.Of)], page.Next is null ? null : tokens.Make(asked, page.Next)));
    }

    private static ProductContent Content(ProductBody body)
    {
        IReadOnlyList<VariantBody> variants = Fields.List(body.Variants, "variants", 1, Limits.VariantsMax);
        HashSet<Sku> seen = [];
        return new ProductContent(
            Fields.Text(body.Title, "title"),
            Fields.OptionalText(body.Description, "description", Limits.DescriptionLengthMax) ?? "",
            [.. Fields.List(body.Categories, "categories", 0, CategoriesMax).Select((c, i) => Fields.Text(c, $"categories[{i}]"))],
            [.. variants.Select((v, i) => Variant(v, $"variants[{i}]", seen))],
            [.. Fields.List(body.Media, "media", 0, MediaMax).Select((m, i) => Fields.Text(m, $"media[{i}]", 2_000))],
            body.Published ?? true);
    }

    private static Variant Variant(VariantBody body, string field, HashSet<Sku> seen)
    {
        Sku sku = Fields.Id<Sku>(body.Sku, $"{field}.sku");
        if (!seen.Add(sku)) throw Problems.Bad($"{field}.sku", "is there twice");
        ImmutableArray<Money> prices = [.. Fields.List(body.Prices, $"{field}.prices", 1, 50).Select((p, i) => Fields.Money(p, $"{field}.prices[{i}]"))];
        if (prices.Select(p => p.Currency).Distinct().Count() != prices.Length) throw Problems.Bad($"{field}.prices", "has two prices in one currency");
        return new Variant(sku, Fields.OptionalText(body.Title, $"{field}.title") ?? "", prices);
    }

    private static Reply Reply(ProductAnswer answer, bool created = false) => answer switch
    {
        ProductAnswer.Ok ok when created => Http.Reply.Created(Views.Of(ok.Product), $"/v1/products/{ok.Product.Id}", ok.Product.Version),
        ProductAnswer.Ok ok => Http.Reply.Ok(Views.Of(ok.Product), ok.Product.Version),
        ProductAnswer.NotFound => Problems.NotFound("product"),
        ProductAnswer.Exists exists => Problems.Conflict("product-exists", "There is a product with this id.", exists.Product.Id.Value),
        ProductAnswer.Stale stale => Problems.Stale(stale.Version),
        ProductAnswer.SkuTaken taken => Problems.Conflict("sku-taken", "Another product has this SKU.", $"{taken.Sku} belongs to {taken.Owner}."),
        ProductAnswer.Deleted => Http.Reply.NoContent(),
        _ => throw new InvalidOperationException($"{answer.GetType().Name} is not an answer of a product."),
    };
}
