using System.Text;
using Shop.Events;
using Shop.Feed;
using Shop.Gateway.Access;
using Shop.Gateway.Events;
using Shop.Gateway.Http;

namespace Shop.Gateway.Endpoints;

/// <summary>The live feed: server-sent events, each a CloudEvent. A client that comes back with Last-Event-ID misses nothing.</summary>
internal static class EventEndpoints
{
    private const int FeedsMax = 500, PageMax = 200, SubjectLengthMax = 64;
    private static readonly TimeSpan RestAfterFailure = TimeSpan.FromSeconds(1);
    private static readonly EventStreams Feeds = new(FeedsMax, "too-many-feeds", "Too many feeds are open.");

    public static void MapEvents(this RouteGroupBuilder v1) => v1.MapGet("/events", Feed).Needs(Scopes.EventsRead).WithTags("Events")
        .Produces(200, contentType: "text/event-stream").ProducesProblems(400)
        .WithSummary("The live feed of events (server-sent events; Last-Event-ID resumes)").WithName("getEvents");

    /// <summary>The schemas that events keep, as they are in the repository.</summary>
    public static void MapEventSchemas(this WebApplication app) => app.MapGet("/schemas/events/{file}", (string file) => EventSchema.Text(file) is { } text
        ? (IResult)TypedResults.Text(text, "application/schema+json")
        : Problems.NotFound("schema")).ExcludeFromDescription();

    private static async Task Feed(
        HttpContext context, IGrainFactory grains, IHostApplicationLifetime lifetime, string? types = null, string? subject = null, string? from = null)
    {
        ImmutableArray<string> wanted = Types(types);
        if (subject is { Length: 0 or > SubjectLengthMax }) throw Problems.Bad("subject", $"must have 1 to {SubjectLengthMax} characters");
        IEventFeedGrain feed = grains.GetGrain<IEventFeedGrain>(IEventFeedGrain.Key);
        string cursor = await CursorAsync(context, feed, from);
        await Feeds.SendAsync(context, lifetime, (response, stop) => SendAsync(response, feed, cursor, wanted, subject, stop));
    }

    private static async Task SendAsync(HttpResponse response, IEventFeedGrain feed, string cursor, ImmutableArray<string> types, string? subject, CancellationToken stop)
    {
        await response.WriteAsync("retry: 2000\n\n", stop);
        await response.Body.FlushAsync(stop);
        while (true)
        {
            FeedPage page;
            try
            {
                page = await feed.Read(cursor, types, subject, PageMax).WaitAsync(stop);
            }
            catch (Exception e) when (e is not (OperationCanceledException or OutOfMemoryException))
            {
                // A silo went or the store is away: the client sees that the feed lives, and it goes on from the same place.
                await response.WriteAsync(": waiting\n\n", stop);
                await response.Body.FlushAsync(stop);
                await Task.Delay(RestAfterFailure, stop);
                continue;
            }

            cursor = page.Cursor;
            await response.WriteAsync(page.Events.IsEmpty ? ": nothing new\n\n" : Text(page), stop);
            await response.Body.FlushAsync(stop);
        }
    }

    private static string Text(FeedPage page)
    {
        var text = new StringBuilder();
        foreach (FeedEvent e in page.Events)
            text.Append("id: ").Append(e.Cursor).Append("\nevent: ").Append(e.Type).Append("\ndata: ").Append(CloudEvent.Of(e.Id, e.Type, e.Subject, e.Timestamp, e.Json)).Append("\n\n");
        return text.ToString();
    }

    private static ImmutableArray<string> Types(string? text)
    {
        if (string.IsNullOrEmpty(text)) return [];
        ImmutableArray<string> types = [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct()];
        foreach (string type in types)
            if (!EventSchema.Types.Contains(type)) throw Problems.Bad("types", "names a type of event that there is not");
        return types;
    }

    private static async Task<string> CursorAsync(HttpContext context, IEventFeedGrain feed, string? from)
    {
        string? last = context.Request.Headers["Last-Event-ID"];
        if (!string.IsNullOrEmpty(last)) return await feed.Resume(last) ?? throw Problems.Bad("Last-Event-ID", "is not the id of an event of this feed");

        return from switch
        {
            null or "now" => await feed.End(),
            "start" => "",
            _ => throw Problems.Bad("from", "must be now or start"),
        };
    }
}
