using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Shop.Load;
using Shop.Load.Reports;
using Shop.Load.Scenarios;
using Shop.Load.Targets;

namespace Shop.Gateway.Tests;

/// <summary>The load tool: it finds a right shop right, a wrong one wrong, and its figures are those of what happened.</summary>
public sealed class LoadTests
{
    private static readonly LoadOptions Short = new() { WarmUp = TimeSpan.Zero, Duration = TimeSpan.FromSeconds(3) };

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task A_flash_sale_sells_every_unit_once_and_the_report_says_so(string kind)
    {
        await using ShopHost shop = await ShopHost.StartAsync(kind);
        await using var target = new HttpTarget(shop.Address, ShopHost.SecretKey);
        LoadResult result = await LoadRun.RunAsync("flash-sale", new FlashSaleScenario(units: 40, buyers: 150), target, Short with { Duration = TimeSpan.FromSeconds(10) }, default);
        result.Violations.ShouldBeEmpty();
        (result.Recorder.Total(Outcome.Done), result.Recorder.Total(Outcome.Refused)).ShouldBe((40, 110));
        string page = HtmlReport.Make(result);
        page.ShouldContain("The shop is right");
        page.ShouldNotContain("http://www");
        ((long)System.Text.Json.Nodes.JsonNode.Parse(Summary.Json(result))!["done"]!).ShouldBe(40);
    }

    [Fact]
    public async Task A_request_that_gets_no_answer_within_a_minute_is_given_up()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var clock = new ManualClock();
        using var http = new HttpConnections(new Uri($"http://{silent.LocalEndpoint}"), "key", clock);
        Task<int> asked = http.SendAsync("GET", "/", null, null, static a => a.Status);
        using TcpClient connection = await silent.AcceptTcpClientAsync();
        await connection.GetStream().ReadExactlyAsync(new byte[1]);
        clock.Advance(TimeSpan.FromSeconds(60));
        asked.IsCompleted.ShouldBeFalse();
        clock.Advance(TimeSpan.FromSeconds(5));
        await Should.ThrowAsync<TimeoutException>(() => asked.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task Checkouts_and_browsing_leave_a_shop_that_adds_up()
    {
        await using ShopHost shop = await ShopHost.StartAsync("Sqlite");
        await using var target = new HttpTarget(shop.Address, ShopHost.SecretKey);
        foreach (IScenario scenario in new IScenario[] { new CheckoutScenario(20, zipf: true), new BrowseScenario(20), new ReserveScenario() })
        {
            LoadResult result = await LoadRun.RunAsync(scenario.GetType().Name, scenario, target, Short with { Callers = 4 }, default);
            result.Violations.ShouldBeEmpty();
            result.Recorder.Total(Outcome.Done).ShouldBeGreaterThan(10);
            result.Recorder.Total(Outcome.Failed).ShouldBe(0);
        }
    }

    [Fact]
    public async Task A_shop_that_oversells_or_forgets_is_found_out()
    {
        LoadResult oversold = await LoadRun.RunAsync("flash-sale", new FlashSaleScenario(units: 10, buyers: 50), new LyingShop { SellsAlways = true }, Short, default);
        oversold.Violations.ShouldContain(v => v.Contains("oversold", StringComparison.Ordinal));
        oversold.Violations.ShouldContain(v => v.StartsWith("50 of 50 buyers got", StringComparison.Ordinal));
        LoadResult forgotten = await LoadRun.RunAsync("reserve", new ReserveScenario(), new LyingShop { ForgetsEvery = 10 }, Short with { Callers = 2 }, default);
        forgotten.Violations.ShouldHaveSingleItem().ShouldContain("were acknowledged");
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(7, 10, 1)]
    [InlineData(15, 10, 1)]
    [InlineData(60, 80, 1)]
    [InlineData(25, 10, 10)]
    [InlineData(3, 1, 10)]
    public void Only_crowds_are_sent_in_groups_also_after_a_pause(int sent, int dueInMs, int restMs) =>
        LoadEngine.TickAfter(sent, TimeSpan.FromMilliseconds(dueInMs)).ShouldBe(TimeSpan.FromMilliseconds(restMs));

    [Fact]
    public async Task What_fails_is_told_by_reason()
    {
        var arrivals = new Arrivals(1, null, 3, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Recorder recorder = await LoadEngine.RunAsync(arrivals, n => n == 0 ? Task.FromResult(Outcome.Failed) : throw new IOException("The shop closed the connection."), null, default);
        recorder.Failures.ShouldBe([("IOException: The shop closed the connection.", 2), ("an unexpected answer", 1)]);
        recorder.Total(Outcome.Failed).ShouldBe(3);
    }

    [Theory]
    [InlineData("table --tuned", "table takes no --tuned; it takes --warm-up, --duration, --peers-script.")]
    [InlineData("overload --report x.html", "overload takes no --report")]
    [InlineData("trace --skus 5", "trace takes no --skus; it takes no options.")]
    [InlineData("checkout --rate 0", "Numbers, rates and times are positive")]
    [InlineData("checkout --postgres max_wal_size", "'max_wal_size' is not a setting")]
    public async Task What_a_scenario_cannot_do_is_refused_before_anything_starts(string arguments, string answer)
    {
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Shop.Load.dll"), .. arguments.Split(' ')]) { RedirectStandardError = true })!;
        (await process.StandardError.ReadToEndAsync()).ShouldStartWith(answer);
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(2);
    }

    [Fact]
    public async Task A_connection_that_was_idle_for_long_is_not_used_again()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        int opened = 0;
        Task serving = Task.Run(async () =>
        {
            while (true)
            {
                Socket socket = await server.AcceptSocketAsync();
                opened++;
                _ = AnswerAsync(socket);
            }
        });
        var clock = new ManualClock();
        using var connections = new HttpConnections(new Uri($"http://{server.LocalEndpoint}"), "key", clock);
        foreach ((int seconds, int expected) in new[] { (0, 1), (20, 1), (20, 1), (31, 2) })
        {
            clock.Advance(TimeSpan.FromSeconds(seconds));
            (await connections.SendAsync("GET", "/", null, null, answer => answer.Status)).ShouldBe(200);
            opened.ShouldBe(expected);
        }

        serving.IsCompleted.ShouldBeFalse();

        static async Task AnswerAsync(Socket socket)
        {
            using (socket)
                while (await socket.ReceiveAsync(new byte[4096]) > 0) await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
        }
    }

    [Fact]
    public void A_percentile_is_within_two_percent_of_what_was_recorded()
    {
        var histogram = new LatencyHistogram();
        foreach (int i in Enumerable.Range(1, 10_000)) histogram.Record(TimeSpan.FromMicroseconds(i * 37));
        foreach (double share in new[] { 0.01, 0.5, 0.9, 0.99, 1 })
            histogram.Percentile(share).TotalMicroseconds.ShouldBe(share * 10_000 * 37, share * 10_000 * 37 * 0.02);
        histogram.Count.ShouldBe(10_000);
        new LatencyHistogram().Percentile(0.5).ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public async Task An_open_loop_counts_from_when_a_request_was_due()
    {
        // One request stalls for a second; those that were due meanwhile are not let off.
        using var gate = new SemaphoreSlim(1);
        Recorder recorder = await LoadEngine.RunAsync(new Arrivals(1, Arrivals.PerSecond(100), 150, TimeSpan.Zero, TimeSpan.FromSeconds(3)), async number =>
        {
            await gate.WaitAsync();
            if (number == 0) await Task.Delay(1_000);
            gate.Release();
            return Outcome.Done;
        }, null, default);
        recorder.Total(Outcome.Done).ShouldBe(150);
        recorder.Latencies().Percentile(0.5).ShouldBeGreaterThan(TimeSpan.FromMilliseconds(150));
    }

    [Fact]
    public async Task Answers_are_read_as_proxies_write_them()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int connections = 0;
        _ = Task.Run(async () =>
        {
            while (true)
            {
                using System.Net.Sockets.TcpClient client = await listener.AcceptTcpClientAsync();
                connections++;
                var buffer = new byte[4096];
                await client.GetStream().ReadAtLeastAsync(buffer, 1);
                await client.GetStream().WriteAsync("HTTP/1.1 200 OK\r\ncontent-length: 77\r\nCONNECTION: close\r\n\r\n"u8.ToArray());
                await client.GetStream().WriteAsync("""{"received":5,"onHand":4,"reserved":1,"available":3,"sold":1,"pad":"       "}"""u8.ToArray());
            }
        });
        await using var target = new HttpTarget(new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"), "key");
        for (int i = 0; i < 3; i++) (await target.StockAsync("s")).ShouldBe(new StockFigures(5, 4, 1, 3, 1));
        connections.ShouldBe(3);
    }

    /// <summary>A shop that is wrong on purpose.</summary>
    private sealed class LyingShop : IShopTarget
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<string, (long Received, long Sold)> _stock = [];
        private int _asked;

        public bool SellsAlways { get; init; }

        public int ForgetsEvery { get; init; } = int.MaxValue;

        public string Name => "a lying shop";

        public long? WorkingSet => null;

        public Task PrepareAsync(string sku, long units)
        {
            _stock[sku] = (units, 0);
            return Task.CompletedTask;
        }

        public async Task<Outcome> ReserveAsync(string sku, string key)
        {
            await Task.Delay(1);
            return await CheckoutAsync([new LoadLine(sku, 1)], key);
        }

        public Task<Outcome> CheckoutAsync(IReadOnlyList<LoadLine> lines, string key)
        {
            lock (_lock)
            {
                (long received, long sold) = _stock[lines[0].Sku];
                if (!SellsAlways && sold == received) return Task.FromResult(Outcome.Refused);
                if (++_asked % ForgetsEvery != 0) _stock[lines[0].Sku] = (received, sold + 1);
                return Task.FromResult(Outcome.Done);
            }
        }

        public Task<StockFigures?> StockAsync(string sku)
        {
            lock (_lock)
            {
                (long received, long sold) = _stock[sku];
                return Task.FromResult<StockFigures?>(new StockFigures(received, received - sold, 0, received - sold, sold));
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
