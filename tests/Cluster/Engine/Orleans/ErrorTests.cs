using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orleans.Serialization;
using Polly.Timeout;
using Shop.Engine;
using Shop.Journaling;

namespace Shop.Cluster.Tests;

/// <summary>What a grain throws has to be told apart by a gateway in another process.</summary>
public sealed class ErrorTests
{
    public static TheoryData<Exception> Errors =>
    [
        new JournalUnavailableException("The store cannot be read.", new NpgsqlException("timeout", new TimeoutException())),
        new CommitUnknownException("The store did not say.", new PostgresException("no", "ERROR", "ERROR", "57P01")),
        StaleActivationException.Of("stock/a"),
        new TimeoutRejectedException("The placement took too long."),
    ];

    [Theory, MemberData(nameof(Errors), DisableDiscoveryEnumeration = true)]
    public void An_error_passes_between_processes_as_what_it_is(Exception error)
    {
        ServiceCollection services = new();
        services.AddSerializer();
        SiloEngine.AddErrors(services);
        using ServiceProvider provider = services.BuildServiceProvider();
        Serializer serializer = provider.GetRequiredService<Serializer>();
        Exception? received = serializer.Deserialize<Exception>(serializer.SerializeToArray(error));
        received.ShouldNotBeNull().ShouldBeOfType(error.GetType());
        received.Message.ShouldBe(error.Message);
    }

    [Fact]
    public async Task A_call_that_was_not_placed_in_time_has_timed_out()
    {
        var tooLate = new TimeoutRejectedException("The placement took too long.");
        (await Should.ThrowAsync<TimeoutException>(() => SiloEngine.PlacedInTime(() => Task.FromException(tooLate)))).InnerException.ShouldBe(tooLate);
        var own = new InvalidOperationException("The grain says no.");
        (await Should.ThrowAsync<InvalidOperationException>(() => SiloEngine.PlacedInTime(() => Task.FromException(own)))).ShouldBe(own);
        await SiloEngine.PlacedInTime(() => Task.CompletedTask);
    }
}
