using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Runtime;
using Shop.Gateway.Http;
using Shop.Journaling;

namespace Shop.Gateway.Tests;

/// <summary>What a client is told of an error below.</summary>
public sealed class ProblemTests
{
    public static TheoryData<Exception, int, string> Errors => new()
    {
        { new CommitUnknownException("The store did not say.", new TimeoutException()), 503, "outcome-unknown" },
        { new TimeoutException(), 503, "outcome-unknown" },
        { new SiloUnavailableException("gone"), 503, "outcome-unknown" },
        // Nobody here gave up: a silo did, while it stopped or lost its connections.
        { new TaskCanceledException(), 503, "outcome-unknown" },
        { new JournalUnavailableException("The store cannot be read.", new TimeoutException()), 503, "unavailable" },
        { new OrleansException("no silo"), 503, "unavailable" },
        { new InvalidOperationException("a mistake of the shop"), 500, "internal-error" },
    };

    [Theory, MemberData(nameof(Errors), DisableDiscoveryEnumeration = true)]
    public async Task An_error_is_answered_with_what_it_means_for_the_client(Exception error, int status, string type)
    {
        (int answered, string body) = await AnswerAsync(error, CancellationToken.None);
        answered.ShouldBe(status);
        ((string?)JsonNode.Parse(body)!["type"]).ShouldBe(Problems.Prefix + type);
        body.ShouldNotContain(error.Message);
    }

    [Fact]
    public async Task A_client_that_went_away_is_told_nothing() =>
        (await AnswerAsync(new TaskCanceledException(), new CancellationToken(canceled: true))).ShouldBe((200, ""));

    private static async Task<(int Status, string Body)> AnswerAsync(Exception error, CancellationToken aborted)
    {
        await using ServiceProvider services = new ServiceCollection().AddLogging().BuildServiceProvider();
        using var body = new MemoryStream();
        var context = new DefaultHttpContext { RequestServices = services, RequestAborted = aborted };
        context.Response.Body = body;
        await new ProblemMiddleware(_ => Task.FromException(error), NullLogger<ProblemMiddleware>.Instance).InvokeAsync(context);
        return (context.Response.StatusCode, System.Text.Encoding.UTF8.GetString(body.ToArray()));
    }
}
