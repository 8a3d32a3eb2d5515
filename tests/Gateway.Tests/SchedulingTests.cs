using System.Globalization;

namespace Shop.Gateway.Tests;

/// <summary>How the system's scheduler sees the threads of a shop.</summary>
public sealed class SchedulingTests
{
    private const string Batch = "3";

    // In the line of a thread after its name, where the state is the first.
    private const int PolicyColumn = 38;

    [Theory, SqliteStore]
    public async Task Threads_that_work_interrupt_nobody(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        await using GatewayProcess shop = await GatewayProcess.StartAsync(place);
        string tasks = string.Create(CultureInfo.InvariantCulture, $"/proc/{shop.ProcessId}/task");
        string[] lines = await Task.WhenAll(Directory.GetDirectories(tasks).Select(task => File.ReadAllTextAsync(Path.Combine(task, "stat"))));
        string[] workers = [.. lines.Where(l => l.Contains("(.NET TP Worker)", StringComparison.Ordinal))];
        workers.ShouldNotBeEmpty();
        workers.Select(l => l[(l.LastIndexOf(')') + 2)..].Split(' ')[PolicyColumn]).ShouldAllBe(policy => policy == Batch);
    }
}
