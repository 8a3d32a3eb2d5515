using Shop.Access;
using Shop.Gateway.Access;
using Shop.Gateway.Http;

namespace Shop.Gateway.Endpoints;

internal static class AccessEndpoints
{
    private const int SessionSecondsDefault = 24 * 3600, SessionSecondsMax = 30 * 24 * 3600;

    public static void MapAccess(this RouteGroupBuilder v1)
    {
        v1.MapPost("/sessions", OpenSession).Needs(Scopes.Sessions, Storefront.Any).WithTags("Sessions")
            .Produces<SessionReply>(201).ProducesProblems(400).WithSummary("Opens a session; its token acts for one visitor").WithName("openSession");
        v1.MapDelete("/sessions/current", CloseSession).Needs(Scopes.Sessions, Storefront.Session).WithTags("Sessions")
            .Produces(204).WithSummary("Ends the session of the token").WithName("closeSession");
        RouteGroupBuilder keys = v1.MapGroup("/keys").WithTags("Keys");
        keys.MapPost("/", CreateKey).Needs(Scopes.Keys)
            .Produces<KeyReply>(201).ProducesProblems(400).WithSummary("Makes a key; it is shown this once").WithName("createKey");
        keys.MapGet("/", ListKeys).Needs(Scopes.Keys)
            .Produces<KeyListReply>().WithSummary("Lists keys without their secrets").WithName("listKeys");
        keys.MapDelete("/{id}", RevokeKey).Needs(Scopes.Keys)
            .Produces(204).ProducesProblems(404).WithSummary("Revokes a key; it ends within a second everywhere").WithName("revokeKey");
    }

    private static async Task<IResult> OpenSession(HttpContext context, Json<SessionBody> body, IGrainFactory grains)
    {
        Principal principal = context.Principal();
        CustomerId? customer = Fields.OptionalId<CustomerId>(body.Value.CustomerId, "customerId");
        if (customer is not null && principal.Kind != PrincipalKind.Secret)
            return Reply.Problem(Problems.Of(403, "forbidden", "This key may not do this.", "Only a secret key opens a session for a customer."));
        int seconds = body.Value.TtlSeconds ?? SessionSecondsDefault;
        if (seconds is < 60 or > SessionSecondsMax) throw Problems.Bad("ttlSeconds", $"must be 60 to {SessionSecondsMax}");
        string token = KeyRing.NewSecret(KeyRing.SessionPrefix);
        Session session = await grains.GetGrain<ISessionGrain>(KeyRing.Hash(token)).Open(Guid.CreateVersion7().ToString(), customer, TimeSpan.FromSeconds(seconds));
        return Reply.Created(new SessionReply(session.Id, token, session.CustomerId?.Value, session.ExpiresAt), "/v1/sessions/current");
    }

    private static async Task<IResult> CloseSession(HttpContext context, IGrainFactory grains, KeyRing keys)
    {
        if (context.Principal().SessionHash is not { } session) return Problems.NotFound("session");
        await grains.GetGrain<ISessionGrain>(session).Close();
        keys.Forget(session);
        return Reply.NoContent();
    }

    private static async Task<IResult> CreateKey(HttpContext context, Json<KeyBody> body, IGrainFactory grains, KeyRing keys, TimeProvider clock)
    {
        ApiKeyKind kind = body.Value.Kind switch
        {
            null or "secret" => ApiKeyKind.Secret,
            "publishable" => ApiKeyKind.Publishable,
            _ => throw Problems.Bad("kind", "must be secret or publishable"),
        };
        ImmutableArray<string> scopes = [.. Fields.List(body.Value.Scopes, "scopes", kind == ApiKeyKind.Secret ? 1 : 0, Scopes.Known.Count)];
        if (scopes.FirstOrDefault(s => !Scopes.Known.Contains(s)) is not null) throw Problems.Bad("scopes", $"must be some of {string.Join(", ", Scopes.Known)}");
        if (scopes.FirstOrDefault(s => !context.Principal().Has(s)) is { } beyond)
            return Reply.Problem(Problems.Of(403, "forbidden", "This key may not do this.", $"It has not got the scope {beyond} itself."));
        string secret = KeyRing.NewSecret(kind == ApiKeyKind.Secret ? "sk_" : "pk_");
        var key = new ApiKey(Guid.CreateVersion7().ToString(), Fields.Text(body.Value.Name, "name"), KeyRing.Hash(secret), kind, scopes, clock.GetUtcNow());
        if (!await grains.GetGrain<IApiKeysGrain>(IApiKeysGrain.Key).Add(key)) return Problems.Conflict("too-many-keys", "There are as many keys as there may be.");
        keys.ForgetKeys();
        return Reply.Created(View(key, secret), $"/v1/keys/{key.Id}");
    }

    private static async Task<IResult> ListKeys(IGrainFactory grains) =>
        Reply.Ok(new KeyListReply([.. (await grains.GetGrain<IApiKeysGrain>(IApiKeysGrain.Key).List()).Select(k => View(k, null))]));

    private static async Task<IResult> RevokeKey(string id, IGrainFactory grains, KeyRing keys)
    {
        bool revoked = await grains.GetGrain<IApiKeysGrain>(IApiKeysGrain.Key).Revoke(id);
        keys.ForgetKeys();
        return revoked ? Reply.NoContent() : Problems.NotFound("key");
    }

    private static KeyReply View(ApiKey key, string? secret) => new(key.Id, key.Name, Views.Name(key.Kind), key.Scopes, key.CreatedAt, secret);
}
