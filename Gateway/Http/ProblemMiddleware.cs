using System.Data.Common;
using Orleans.Runtime;
using Shop.Journaling;

namespace Shop.Gateway.Http;

/// <summary>Turns whatever goes wrong below into a problem, and says nothing of what is inside.</summary>
public sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> log)
{
    /// <summary>Runs the request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        Reply? reply;
        try
        {
            await next(context);
            reply = Bare(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            reply = ReplyTo(e);
        }

        if (reply is null) return;
        // What says how to go on, such as Allow, stays.
        await reply.ExecuteAsync(context);
    }

    // An answer of the framework without a body, such as 404 for an unknown route.
    private static Reply? Bare(HttpContext context)
    {
        if (context.Response.HasStarted || context.Response.StatusCode < 400 || context.Response.ContentLength > 0 || context.Response.ContentType is not null) return null;
        return context.Response.StatusCode switch
        {
            404 => Problems.NotFound("resource"),
            405 => Reply.Problem(Problems.Of(405, "method-not-allowed", "The resource does not take this method.")),
            int status => Reply.Problem(Problems.Of(status, "http-" + status, "The request was refused.")),
        };
    }

    private Reply ReplyTo(Exception error)
    {
        switch (error)
        {
            case ProblemException e:
                return Reply.Problem(e.Problem);
            case BadHttpRequestException e:
                return Reply.Problem(e.StatusCode == 413
                    ? Problems.Of(413, "body-too-large", "The body is larger than the gateway takes.")
                    : Problems.Of(e.StatusCode, "invalid-request", "The request is not valid."));
            case EndOfStreamException:
                return Reply.Problem(Problems.Of(400, "invalid-request", "The body is shorter than it says."));
            // A cancellation that is not the client's is that of a silo which stops or has lost its connections.
            case CommitUnknownException or TimeoutException or SiloUnavailableException or OperationCanceledException:
                Unavailable(log, error);
                return Problems.Unavailable("outcome-unknown", "The command may have happened. Retry with the same Idempotency-Key to find out.");
            case JournalException or LimitExceededException or DbException or OrleansException:
                Unavailable(log, error);
                return Problems.Unavailable("unavailable", "The shop cannot do this now. Try again with the same Idempotency-Key.");
            default:
                Failed(log, error);
                return Reply.Problem(Problems.Of(500, "internal-error", "Something went wrong here. The trace's id helps to find out what."));
        }
    }

    [LoggerMessage(201, LogLevel.Warning, "A request was answered as unavailable")]
    private static partial void Unavailable(ILogger log, Exception error);

    [LoggerMessage(202, LogLevel.Error, "A request failed")]
    private static partial void Failed(ILogger log, Exception error);
}
