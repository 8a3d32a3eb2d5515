using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Shop.Hosting;
using Shop.Testing;

namespace Shop.Silo.Tests;

/// <summary>A silo says what its database's settings mean for it, and starts whatever they are.</summary>
public sealed class DatabaseAdviceTests
{
    [PostgreSqlFact]
    public async Task Of_a_new_server_the_log_says_what_a_busy_shop_would_set()
    {
        using var server = new PostgreSqlServer();
        (await SaidOf(server.Socket)).ShouldHaveSingleItem().ShouldBe(
            "Information: PostgreSQL has the settings of a new server: max_wal_size = 1GB, min_wal_size = 80MB, shared_buffers = 128MB, wal_compression = off. "
            + "A busy shop's are in docs/operations.md, under Sizing");
    }

    [PostgreSqlFact]
    public async Task Of_one_that_is_set_up_it_says_only_what_would_lose_orders()
    {
        using var server = new PostgreSqlServer(settings: [.. PostgreSqlServer.Tuned.Where(s => !s.StartsWith("shared_buffers", StringComparison.Ordinal)), "shared_buffers=256MB", "fsync=off"]);
        (await SaidOf(server.Socket)).ShouldHaveSingleItem().ShouldStartWith("Warning: PostgreSQL runs with fsync = off");
    }

    [Fact]
    public async Task Without_an_answer_nothing_is_said()
    {
        (await SaidOf("Host=127.0.0.1;Port=1;Timeout=2")).ShouldHaveSingleItem().ShouldStartWith("Debug: ");
        (await SaidOf("")).ShouldBeEmpty();
    }

    private static async Task<IReadOnlyList<string>> SaidOf(string connectionString)
    {
        var lines = new Lines();
        using var advice = new DatabaseAdvice(Options.Create(new ShopOptions { ConnectionString = connectionString }), lines);
        await advice.StartAsync(default);
        await advice.ExecuteTask!;
        return lines.Said;
    }

    private sealed class Lines : ILogger<DatabaseAdvice>
    {
        public List<string> Said { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Said.Add($"{logLevel}: {formatter(state, exception)}");
    }
}
