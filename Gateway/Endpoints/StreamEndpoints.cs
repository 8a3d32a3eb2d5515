using Shop.Gateway.Access;
using Shop.Gateway.Http;
using Shop.Streams;

namespace Shop.Gateway.Endpoints;

internal static class StreamEndpoints
{
    public static void MapStreams(this RouteGroupBuilder v1)
    {
        RouteGroupBuilder streams = v1.MapGroup("/streams").WithTags("Streams");
        streams.MapGet("/", Status).Needs(Scopes.Operate).Produces<StreamsReply>().ProducesProblems()
            .WithSummary("How far the consumers of events are, and which events they could not take").WithName("getStreams");
        streams.MapPost("/{consumer}/replay", Replay).Needs(Scopes.Operate).WithFilter<IdempotencyFilter>().Produces<ReplayReply>().ProducesProblems(404)
            .WithSummary("Tries a consumer's parked events again").WithName("replayParked");
        streams.MapPost("/{consumer}/rebuild", Rebuild).Needs(Scopes.Operate).WithFilter<IdempotencyFilter>().Produces<RebuildReply>(202).ProducesProblems(404)
            .WithSummary("Makes what a consumer knows again from the start of the journal; what it knew is served until then").WithName("rebuildConsumer");
    }

    private static async Task<IResult> Status(IGrainFactory grains)
    {
        StreamsStatus status = await Streams(grains).Status();
        return Http.Reply.Ok(new StreamsReply(
            [.. status.Consumers.Select(c => new ConsumerReply(c.Name, c.CommitsBehind, c.RebuildCommitsBehind))],
            [.. status.Parked.Select(p => new ParkedEventReply(p.Consumer, p.EventId, p.Subject, p.Error, p.ParkedAt))]));
    }

    private static async Task<IResult> Replay(string consumer, IGrainFactory grains) =>
        await Streams(grains).Replay(consumer) is { } left ? Http.Reply.Ok(new ReplayReply(left)) : Problems.NotFound("consumer");

    private static async Task<IResult> Rebuild(string consumer, IGrainFactory grains) =>
        await Streams(grains).Rebuild(consumer) ? Http.Reply.Accepted(new RebuildReply(consumer)) : Problems.NotFound("consumer");

    private static IStreamsGrain Streams(IGrainFactory grains) => grains.GetGrain<IStreamsGrain>(IStreamsGrain.Key);
}
