using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Orleans.Serialization;
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
}
