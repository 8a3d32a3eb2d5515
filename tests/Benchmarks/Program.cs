using BenchmarkDotNet.Running;
using Shop.Benchmarks;

switch (args)
{
    case ["sleepy"]:
        await SleepyGrain.RunAsync();
        break;
    case ["views", .. string[] rest] when rest.Length >= 1:
        await EventBenchmark.ViewsAsync(rest);
        break;
    case ["latency", .. string[] rest] when rest.Length >= 1:
        await EventBenchmark.LatencyAsync(rest);
        break;
    case ["calls", .. string[] rest]:
        BenchmarkRunner.Run<CallBenchmarks>(args: rest);
        break;
    default:
        Console.WriteLine("""
            calls [BenchmarkDotNet arguments]          time and allocation per call of a warm grain
            sleepy                                     ten million calls, each to a mailbox that has just gone to sleep
            views SECONDS [--Shop:...]                 views a second through HTTP, durable, and the peak of memory
            latency SECONDS [--Shop:...]               time from an event to its consumers while checkouts run at half of their maximum
            """);
        break;
}
