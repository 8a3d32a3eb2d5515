using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Shop.Hosting;
using Shop.Stock;

namespace Shop.Benchmarks;

/// <summary>Durable reservations of one hot SKU, in process. Arguments: callers, seconds, then settings of the shop.</summary>
internal static class ReserveBenchmark
{
    public static async Task RunAsync(string[] args)
    {
        int callers = int.Parse(args[0], System.Globalization.CultureInfo.InvariantCulture);
        TimeSpan duration = TimeSpan.FromSeconds(int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture));
        HostApplicationBuilder builder = Host.CreateApplicationBuilder(args[2..]);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.AddShopSilo();
        using IHost host = builder.Build();
        await host.StartAsync();
        string sku = $"HOT-{Guid.NewGuid():N}";
        IStockGrain stock = host.Services.GetRequiredService<IGrainFactory>().GetGrain<IStockGrain>(sku);
        for (int i = 0; i < 100; i++) await stock.Receive(new ReceiveStock(Limits.QuantityMax, $"r{i}"));
        using var stop = new CancellationTokenSource();
        long done = 0;
        async Task Buy(int caller)
        {
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                if (await stock.Reserve(new ReserveStock(new ReservationId($"c{caller}-{i}"), 1, TimeSpan.FromHours(1), null)) is StockAnswer.Reserved) Interlocked.Increment(ref done);
            }
        }

        Task[] buyers = [.. Enumerable.Range(0, callers).Select(c => Task.Run(() => Buy(c)))];
        await Task.Delay(TimeSpan.FromSeconds(2));
        long warm = Interlocked.Read(ref done);
        var watch = Stopwatch.StartNew();
        await Task.Delay(duration);
        long measured = Interlocked.Read(ref done) - warm;
        double seconds = watch.Elapsed.TotalSeconds;
        await stop.CancelAsync();
        await Task.WhenAll(buyers);
        var level = (StockAnswer.Done)await stock.Get();
        Console.WriteLine($"reserve_hot_sku {measured / seconds:F0} a second with {callers} callers; reserved {level.Level.Reserved} of {done} acknowledged");
        if (level.Level.Reserved != done) Environment.ExitCode = 1;
        await host.StopAsync();
    }
}
