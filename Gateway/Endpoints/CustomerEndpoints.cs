using System.Globalization;
using Shop.Access;
using Shop.Audit;
using Shop.Customers;
using Shop.Gateway.Access;
using Shop.Gateway.Http;
using Shop.Orders;

namespace Shop.Gateway.Endpoints;

internal static class CustomerEndpoints
{
    private const int ExportOrdersMax = 10_000;

    public static void MapCustomers(this RouteGroupBuilder v1)
    {
        RouteGroupBuilder customers = v1.MapGroup("/customers").WithTags("Customers");
        customers.MapPost("/", Create).Needs(Scopes.Customers, Storefront.Session).WithFilter<IdempotencyFilter>()
            .Produces<CustomerReply>(201).ProducesProblems(400, 409).WithSummary("Creates a customer; a session becomes that customer").WithName("createCustomer");
        customers.MapGet("/", List).Needs(Scopes.Customers)
            .Produces<CustomerPageReply>().ProducesProblems(400).WithSummary("Lists customers in the order of their ids").WithName("listCustomers");
        customers.MapGet("/{id}", Get).Needs(Scopes.Customers, Storefront.Session)
            .Produces<CustomerReply>().ProducesProblems(404).WithSummary("Shows a customer").WithName("getCustomer");
        customers.MapPut("/{id}", Put).Needs(Scopes.Customers, Storefront.Session).WithFilter<IdempotencyFilter>()
            .Produces<CustomerReply>().ProducesProblems(400, 404, 412).WithSummary("Replaces a customer's profile").WithName("putCustomer");
        customers.MapDelete("/{id}", Erase).Needs(Scopes.Customers, Storefront.Session).WithFilter<IdempotencyFilter>()
            .Produces(204).ProducesProblems(404).WithSummary("Erases a customer's personal data").WithName("eraseCustomer");
        customers.MapGet("/{id}/orders", Orders).Needs(Scopes.Customers, Storefront.Session)
            .Produces<OrderPageReply>().ProducesProblems(400, 404).WithSummary("Lists a customer's orders, newest first").WithName("getCustomerOrders");
        customers.MapGet("/{id}/activity", Activity).Needs(Scopes.Customers, Storefront.Session)
            .Produces<CustomerActivityReply>().ProducesProblems(404).WithSummary("What a customer looked at, bought and gave back").WithName("getCustomerActivity");
        customers.MapGet("/{id}/export", Export).Needs(Scopes.Customers, Storefront.Session)
            .Produces<CustomerExportReply>().ProducesProblems(404).WithSummary("Everything that is kept of a customer").WithName("exportCustomer");
    }

    private static async Task<IResult> Create(HttpContext context, Json<CustomerBody> body, IGrainFactory grains, KeyRing keys)
    {
        Caller caller = context.Caller();
        if (!caller.IsAdmin && body.Value.Id is not null) throw Problems.Bad("id", "is chosen by the shop");
        if (caller.CustomerId is not null) return Problems.Conflict("session-has-customer", "There is a customer behind this session.");
        CustomerId id = Fields.Id<CustomerId>(body.Value.Id ?? context.NewId("customer"), "id");
        CustomerAnswer answer = await Customer(grains, id.Value).Create(Profile(body.Value), caller.SessionId);
        if (answer is CustomerAnswer.Ok && context.Principal().SessionHash is { } session)
        {
            await grains.GetGrain<ISessionGrain>(session).Bind(id);
            keys.Forget(session);
        }

        return Reply(answer, created: true);
    }

    private static async Task<IResult> Get(HttpContext context, string id, IGrainFactory grains) => Reply(await Customer(grains, id).Get(context.Caller()));

    private static async Task<IResult> Put(HttpContext context, string id, Json<CustomerBody> body, IGrainFactory grains) =>
        Reply(await Customer(grains, id).Update(context.Caller(), Profile(body.Value), Fields.IfMatch(context)));

    private static async Task<IResult> Erase(HttpContext context, string id, IGrainFactory grains) =>
        await Customer(grains, id).Erase(context.Caller()) is CustomerAnswer.Ok ? Http.Reply.NoContent() : Problems.NotFound("customer");

    private static async Task<IResult> Orders(HttpContext context, string id, IGrainFactory grains, PageToken tokens, string? pageSize = null, string? pageToken = null)
    {
        int size = Fields.PageSize(pageSize);
        int skip = tokens.Read($"orders\n{id}", pageToken) is { } place ? int.Parse(place, CultureInfo.InvariantCulture) : 0;
        if (await Customer(grains, id).Orders(context.Caller(), size, skip) is not { } history) return Problems.NotFound("customer");
        int next = skip + history.Orders.Length;
        return Http.Reply.Ok(new OrderPageReply(
            await Views(grains, history), history.Total, next < history.Total ? tokens.Make($"orders\n{id}", next.ToString(CultureInfo.InvariantCulture)) : null));
    }

    private static async Task<IResult> Activity(HttpContext context, string id, IGrainFactory grains) =>
        await Customer(grains, id).Get(context.Caller()) is CustomerAnswer.Ok ok
            ? Http.Reply.Ok(Endpoints.Views.Of(await grains.GetGrain<ICustomerActivityGrain>(ok.Customer.Id.Value).Get()))
            : Problems.NotFound("customer");

    private static async Task<IResult> Export(HttpContext context, string id, IGrainFactory grains)
    {
        if (await Customer(grains, id).Get(context.Caller()) is not CustomerAnswer.Ok ok) return Problems.NotFound("customer");
        OrderHistory history = await Customer(grains, id).Orders(context.Caller(), ExportOrdersMax, 0) ?? new OrderHistory([], 0);
        CustomerActivity activity = await grains.GetGrain<ICustomerActivityGrain>(ok.Customer.Id.Value).Get();
        return Http.Reply.Ok(new CustomerExportReply(Endpoints.Views.Of(ok.Customer), await Views(grains, history), Endpoints.Views.Of(activity)));
    }

    private static Task<IReadOnlyList<OrderReply>> Views(IGrainFactory grains, OrderHistory history) => Endpoints.Views.OrdersAsync(grains, history.Orders.Select(o => o.Value));

    private static async Task<IResult> List(IGrainFactory grains, PageToken tokens, string? pageSize = null, string? pageToken = null)
    {
        int size = Fields.PageSize(pageSize);
        ImmutableArray<string> ids = await grains.GetGrain<IAuditGrain>(IAuditGrain.Key).List("customer", tokens.Read("customers", pageToken), size);
        CustomerAnswer[] answers = await Task.WhenAll(ids.Select(id => grains.GetGrain<ICustomerGrain>(id).Get(Caller.Admin)));
        return Http.Reply.Ok(new CustomerPageReply(
            [.. answers.OfType<CustomerAnswer.Ok>().Select(a => Endpoints.Views.Of(a.Customer))], ids.Length == size ? tokens.Make("customers", ids[^1]) : null));
    }

    private static CustomerProfile Profile(CustomerBody body) => new(
        Fields.OptionalText(body.Name, "name"), Fields.Email(body.Email, "email"),
        [.. Fields.List(body.Addresses, "addresses", 0, 20).Select((a, i) => Fields.Address(a, $"addresses[{i}]")!)], body.MarketingConsent ?? false);

    private static Reply Reply(CustomerAnswer answer, bool created = false) => answer switch
    {
        CustomerAnswer.Ok ok when created => Http.Reply.Created(Endpoints.Views.Of(ok.Customer), $"/v1/customers/{ok.Customer.Id}", ok.Customer.Version),
        CustomerAnswer.Ok ok => Http.Reply.Ok(Endpoints.Views.Of(ok.Customer), ok.Customer.Version),
        CustomerAnswer.NotFound => Problems.NotFound("customer"),
        CustomerAnswer.Exists => Problems.Conflict("customer-exists", "There is a customer with this id."),
        CustomerAnswer.Stale stale => Problems.Stale(stale.Version),
        _ => throw new InvalidOperationException($"{answer.GetType().Name} is not an answer of a customer."),
    };

    private static ICustomerGrain Customer(IGrainFactory grains, string id) => grains.GetGrain<ICustomerGrain>(Fields.Id<CustomerId>(id, "id").Value);
}
