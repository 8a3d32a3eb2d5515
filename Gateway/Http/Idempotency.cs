using System.Text;
using Shop.Access;
using Shop.Gateway.Access;

namespace Shop.Gateway.Http;

/// <summary>
/// Keeps the answer of a request with an Idempotency-Key and gives it again. Checkouts do without: the order itself remembers
/// its command and its outcome, which saves two commits on the busiest path.
/// </summary>
public sealed class IdempotencyFilter(IGrainFactory grains) : IEndpointFilter
{
    private const int BodyLengthMax = 256 * 1024;

    /// <inheritdoc/>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        HttpContext http = context.HttpContext;
        if (http.IdempotencyKey() is not { } key) return await next(context);
        await http.BodyAsync();
        IIdempotencyGrain grain = grains.GetGrain<IIdempotencyGrain>(KeyRing.Hash($"{http.Principal().Id}\n{key}"));
        switch (await grain.Begin(http.Fingerprint()))
        {
            case IdempotencyAnswer.Replay replay:
                return Reply.Stored(replay.Response);
            case IdempotencyAnswer.Running:
                return InProgress();
            case IdempotencyAnswer.OtherRequest:
                return OtherRequest();
        }

        Reply reply;
        try
        {
            reply = (Reply)(await next(context))!;
        }
        catch
        {
            await grain.Abandon();
            throw;
        }

        if (reply.Status >= 500 || reply.Body.Length > BodyLengthMax) await grain.Abandon();
        else await grain.Complete(new StoredResponse(reply.Status, reply.ContentType, reply.Location, reply.ETag, Encoding.UTF8.GetString(reply.Body)));
        return reply;
    }

    /// <summary>The first request under the key has not ended.</summary>
    public static Reply InProgress() => Problems.Conflict("request-in-progress", "The first request with this Idempotency-Key is still running.");

    /// <summary>The key was used for something else.</summary>
    public static Reply OtherRequest() => Problems.RuleBroken("idempotency-key-reused", "This Idempotency-Key was used for another request.");
}
