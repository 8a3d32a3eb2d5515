using System.Globalization;
using System.Text.Json.Nodes;
using Shop.Audit;
using Shop.Gateway.Access;
using Shop.Gateway.Http;

namespace Shop.Gateway.Endpoints;

/// <summary>What the journal says of a grain, and its state: the audit log. It may be personal data, so only keys that may do everything see it.</summary>
internal static class GrainEndpoints
{
    private const int CommitsDefault = 20, CommitsMax = 100;

    public static void MapGrains(this RouteGroupBuilder v1)
    {
        RouteGroupBuilder grains = v1.MapGroup("/grains/{type}").WithTags("Operation");
        grains.MapGet("/", List).Needs(Scopes.All)
            .Produces<GrainPageReply>().ProducesProblems(400).WithSummary("The grains of a type that have a journal, by id").WithName("listGrains");
        grains.MapGet("/{id}", Get).Needs(Scopes.All)
            .Produces<GrainStateReply>().ProducesProblems(400, 404).WithSummary("A grain's state now").WithName("getGrain");
        grains.MapGet("/{id}/commits", Commits).Needs(Scopes.All)
            .Produces<GrainCommitsReply>().ProducesProblems(400, 404).WithSummary("What happened to a grain, newest first: its journal").WithName("getGrainCommits");
        v1.MapGet("/reminders", Reminders).Needs(Scopes.Operate).WithTags("Operation")
            .Produces<RemindersReply>().WithSummary("The reminders of grains").WithName("listReminders");
    }

    private static async Task<IResult> Reminders(IGrainFactory grains) => Reply.Ok(new RemindersReply(
        [.. (await Audit(grains).Reminders()).Select(r => new ReminderReply(r.GrainId, r.Name, r.FirstTickAt, r.Period.TotalSeconds))]));

    private static async Task<IResult> List(string type, IGrainFactory grains, PageToken tokens, string? pageSize = null, string? pageToken = null)
    {
        int size = Fields.PageSize(pageSize);
        ImmutableArray<string> ids = await Audit(grains).List(Type(type), tokens.Read($"grains\n{type}", pageToken), size);
        return Reply.Ok(new GrainPageReply(type, ids, ids.Length == size ? tokens.Make($"grains\n{type}", ids[^1]) : null));
    }

    private static async Task<IResult> Get(string type, string id, IGrainFactory grains) => await Audit(grains).Inspect(GrainId(type, id)) is { } g
        ? Reply.Ok(new GrainStateReply(type, id, g.Version, g.Commits, g.HasWork, g.StateJson is { } json ? JsonNode.Parse(json) : null))
        : Problems.NotFound("grain");

    private static async Task<IResult> Commits(string type, string id, IGrainFactory grains, string? before = null, string? limit = null)
    {
        int count = (int)(Number(limit, "limit", CommitsMax) ?? CommitsDefault);
        ImmutableArray<GrainCommit> commits = await Audit(grains).History(GrainId(type, id), Number(before, "before", long.MaxValue), count);
        return commits.IsEmpty && before is null
            ? Problems.NotFound("grain")
            : Reply.Ok(new GrainCommitsReply(
                [.. commits.Select(c => new GrainCommitReply(c.Version, c.At, c.Events, c.EventsJson is { } json ? JsonNode.Parse(json) : null))],
                commits.IsEmpty || commits[^1].Version == 1 ? null : commits[^1].Version));
    }

    private static string GrainId(string type, string id) => $"{Type(type)}/{Fields.Id<OrderId>(id, "id").Value}";

    private static string Type(string type) => type.Length is > 0 and <= 40 && type.All(c => char.IsAsciiLetterLower(c) || c == '-')
        ? type
        : throw Problems.Bad("type", "must be a type of grain such as order or stock");

    private static long? Number(string? text, string field, long max) => text is null ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number >= 1 && number <= max ? number
        : throw Problems.Bad(field, $"must be 1 to {max}");

    private static IAuditGrain Audit(IGrainFactory grains) => grains.GetGrain<IAuditGrain>(IAuditGrain.Key);
}
