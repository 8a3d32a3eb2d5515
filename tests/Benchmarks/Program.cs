using BenchmarkDotNet.Running;
using Shop.Benchmarks;

switch (args)
{
    case ["memory"]:
        await MemoryPerActivation.RunAsync();
        break;
    case ["sleepy"]:
        await SleepyGrain.RunAsync();
        break;
    case ["reserve", .. string[] rest] when rest.Length >= 2:
        await ReserveBenchmark.RunAsync(rest);
        break;
    case ["calls", .. string[] rest]:
        BenchmarkRunner.Run<CallBenchmarks>(args: rest);
        break;
    default:
        Console.WriteLine("""
            memory                                     bytes per idle activation
            calls [BenchmarkDotNet arguments]          time and allocation per call of a warm grain
            sleepy                                     ten million calls, each to a mailbox that has just gone to sleep
            reserve CALLERS SECONDS [--Shop:...]       durable reservations of one SKU a second
            """);
        break;
}
