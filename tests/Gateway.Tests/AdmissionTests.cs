using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Shop.Gateway.Admission;
using Shop.Streams;

namespace Shop.Gateway.Tests;

/// <summary>How the gateway sends load away, in a shop that exists in virtual time: it finishes so many requests a second, whatever comes.</summary>
public sealed class AdmissionTests
{
    [Fact]
    public void A_short_burst_is_taken_in_and_served()
    {
        var shop = new VirtualShop(perSecond: 1_700);
        for (int i = 0; i < 5_000; i++) shop.Arrive("hot");
        shop.Run(TimeSpan.FromSeconds(4), arrivalsPerSecond: 0, _ => "hot");
        (shop.Served, shop.SentAway).ShouldBe((5_000, 0));
    }

    [Fact]
    public void A_drop_of_one_sku_is_taken_in_also_by_a_slow_shop()
    {
        var shop = new VirtualShop(perSecond: 600);
        shop.Run(TimeSpan.FromSeconds(2), arrivalsPerSecond: 2_500, _ => "hot");
        shop.Run(TimeSpan.FromSeconds(8), arrivalsPerSecond: 0, _ => "hot");
        (shop.Served, shop.SentAway).ShouldBe((5_000, 0));
    }

    [Fact]
    public void Three_times_the_load_costs_no_throughput_and_those_who_are_served_are_served_quickly()
    {
        var shop = new VirtualShop(perSecond: 1_700);
        int number = 0;
        shop.Run(TimeSpan.FromSeconds(5), arrivalsPerSecond: 1_500, _ => $"sku-{number++ % 5_000}");
        shop.SentAway.ShouldBe(0);
        shop.Run(TimeSpan.FromSeconds(12), arrivalsPerSecond: 5_100, _ => $"sku-{number++ % 5_000}");
        shop.Forget();
        shop.Run(TimeSpan.FromSeconds(30), arrivalsPerSecond: 5_100, _ => $"sku-{number++ % 5_000}");
        shop.Served.ShouldBeGreaterThan(30 * 1_700 * 95 / 100);
        shop.Queue.IsCrowd.ShouldBeTrue();
        shop.Latencies.Order().ElementAt(shop.Latencies.Count * 99 / 100).ShouldBeLessThan(TimeSpan.FromMilliseconds(350));
        shop.Queue.Waiting.ShouldBeLessThan(500);
        // Over within a moment when the load drops.
        shop.Run(TimeSpan.FromSeconds(1), arrivalsPerSecond: 1_000, _ => $"sku-{number++ % 5_000}");
        shop.Forget();
        shop.Run(TimeSpan.FromSeconds(5), arrivalsPerSecond: 1_000, _ => $"sku-{number++ % 5_000}");
        (shop.SentAway, shop.Latencies.Max() < TimeSpan.FromMilliseconds(100)).ShouldBe((0, true));
        shop.Queue.IsCrowd.ShouldBeFalse();
    }

    [Fact]
    public void In_a_crowd_that_goes_on_no_more_is_done_at_once_than_is_done_in_its_time()
    {
        var shop = new VirtualShop(perSecond: 2_000);
        int number = 0, most = 0;
        shop.Run(TimeSpan.FromSeconds(5), arrivalsPerSecond: 1_500, _ => $"sku-{number++ % 5_000}");
        shop.Run(TimeSpan.FromSeconds(12), arrivalsPerSecond: 6_000, _ => $"sku-{number++ % 5_000}");
        for (int i = 0; i < 240; i++)
        {
            // No shop is equally fast all the time.
            shop.PerSecond = i / 6 % 2 == 0 ? 1_400 : 2_600;
            shop.Run(TimeSpan.FromMilliseconds(100), arrivalsPerSecond: 6_000, _ => $"sku-{number++ % 5_000}");
            most = Math.Max(most, shop.Queue.Limit);
        }

        // In the time that one may take it finishes 182 when it is at its fastest. It goes by those that are finished, who began when there were fewer, so it may go a little beyond.
        most.ShouldBeLessThanOrEqualTo(210);
    }

    [Fact]
    public void Of_a_burst_that_is_too_much_so_many_are_taken_in_as_can_be_served_in_time()
    {
        var shop = new VirtualShop(perSecond: 600);
        int number = 0;
        shop.Run(TimeSpan.FromSeconds(5), arrivalsPerSecond: 200, _ => $"sku-{number++ % 5_000}");
        shop.Forget();
        shop.Run(TimeSpan.FromSeconds(12), arrivalsPerSecond: 4_600, _ => $"sku-{number++ % 5_000}");
        shop.Served.ShouldBeGreaterThan(12 * 600 * 95 / 100);
        shop.Latencies.Order().ElementAt(shop.Latencies.Count * 95 / 100).ShouldBeLessThan(TimeSpan.FromSeconds(3.5));
        shop.Latencies[^600..].Max().ShouldBeLessThan(TimeSpan.FromMilliseconds(500));
    }

    [Fact]
    public void A_shop_that_is_not_equally_fast_all_the_time_takes_in_no_more_than_it_serves_in_time()
    {
        var shop = new VirtualShop(perSecond: 2_000);
        int number = 0;
        shop.Run(TimeSpan.FromSeconds(5), arrivalsPerSecond: 1_500, _ => $"sku-{number++ % 5_000}");
        shop.Forget();
        for (int i = 0; i < 60; i++)
        {
            shop.PerSecond = i / 4 % 2 == 0 ? 900 : 2_700;
            shop.Run(TimeSpan.FromMilliseconds(100), arrivalsPerSecond: 6_000, _ => $"sku-{number++}");
        }

        shop.Served.ShouldBeGreaterThan(6 * 1_800 * 95 / 100);
        shop.Latencies.Max().ShouldBeLessThan(TimeSpan.FromSeconds(3.25));
    }

    [Fact]
    public void When_nothing_is_finished_any_more_no_more_than_a_burst_waits()
    {
        var shop = new VirtualShop(perSecond: 1_700);
        int number = 0;
        shop.Run(TimeSpan.FromSeconds(5), arrivalsPerSecond: 1_000, _ => $"sku-{number++ % 5_000}");
        shop.PerSecond = 0;
        shop.Run(TimeSpan.FromSeconds(7), arrivalsPerSecond: 1_000, _ => $"sku-{number++ % 5_000}");
        shop.Queue.Waiting.ShouldBeInRange(2_500, 3_500);
        shop.SentAway.ShouldBeGreaterThan(3_000);
    }

    [Fact]
    public void When_a_crowd_is_over_a_pause_sends_nobody_away()
    {
        var shop = new VirtualShop(perSecond: 1_700);
        int number = 0;
        shop.Run(TimeSpan.FromSeconds(12), arrivalsPerSecond: 5_100, _ => $"sku-{number++ % 5_000}");
        shop.Run(TimeSpan.FromSeconds(2), arrivalsPerSecond: 850, _ => $"sku-{number++ % 5_000}");
        shop.Forget();
        for (int i = 0; i < 10; i++)
        {
            // What came during the pause comes at once.
            for (int j = 0; j < 255; j++) shop.Arrive($"sku-{number++ % 5_000}");
            shop.Run(TimeSpan.FromMilliseconds(300), arrivalsPerSecond: 0, _ => "");
        }

        (shop.Served, shop.SentAway).ShouldBe((2_550, 0));
    }

    [Fact]
    public void A_crowd_before_one_sku_does_not_keep_the_buyers_of_others_waiting()
    {
        var shop = new VirtualShop(perSecond: 1_000);
        int number = 0;
        shop.Run(TimeSpan.FromSeconds(20), arrivalsPerSecond: 4_000, i => i % 40 == 0 ? $"quiet-{number++}" : "hot");
        shop.SentAwayOf("quiet").ShouldBe(0);
        shop.SentAwayOf("hot").ShouldBeGreaterThan(20_000);
        shop.LatenciesOf("quiet").Order().ElementAt(shop.LatenciesOf("quiet").Count * 99 / 100).ShouldBeLessThan(TimeSpan.FromMilliseconds(600));
        shop.Served.ShouldBeGreaterThan(20 * 1_000 * 95 / 100);
    }

    [Fact]
    public void A_slow_payment_provider_is_not_taken_for_a_crowd()
    {
        var shop = new VirtualShop(perSecond: 5_000) { Slowest = TimeSpan.FromSeconds(1) };
        int number = 0;
        shop.Run(TimeSpan.FromSeconds(30), arrivalsPerSecond: 1_000, _ => $"sku-{number++ % 5_000}");
        shop.Forget();
        shop.Run(TimeSpan.FromSeconds(10), arrivalsPerSecond: 1_000, _ => $"sku-{number++ % 5_000}");
        (shop.SentAway, shop.Served).ShouldBe((0, 10_000));
    }

    [Fact]
    public async Task Whoever_is_gone_is_passed_over_and_nobody_waits_beyond_the_limits()
    {
        var clock = new ManualClock();
        var queue = new AdmissionQueue(Options.Create(new AdmissionOptions { ConcurrencyMin = 1, ConcurrencyMax = 1, WaitingMax = 3, WaitingPerSkuMax = 2 }), clock);
        (await queue.EnterAsync("a", default)).ShouldBe(Refused.No);
        using var gone = new CancellationTokenSource();
        Task<Refused> leaves = queue.EnterAsync("a", gone.Token).AsTask(), stays = queue.EnterAsync("a", default).AsTask();
        (await queue.EnterAsync("a", default)).ShouldBe(Refused.BusySku);
        Task<Refused> other = queue.EnterAsync("b", default).AsTask();
        (await queue.EnterAsync("c", default)).ShouldBe(Refused.Overloaded);
        await gone.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(leaves);
        queue.Leave(clock.GetTimestamp());
        (await stays).ShouldBe(Refused.No);
        other.IsCompleted.ShouldBeFalse();
        queue.Leave(clock.GetTimestamp());
        (await other).ShouldBe(Refused.No);
        (queue.Running, queue.Waiting).ShouldBe((1, 0));
        queue.Leave(clock.GetTimestamp());
        queue.Running.ShouldBe(0);
    }

    [Fact]
    public async Task An_overloaded_shop_says_so_and_when_to_come_back()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite", ("Shop:Admission:ConcurrencyMin", "1"), ("Shop:Admission:ConcurrencyMax", "1"), ("Shop:Admission:WaitingMax", "1"));
        await host.Admin.Stock("BUSY", 100);
        Answer[] answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => host.Admin.Checkout("BUSY", idempotencyKey: $"b-{i}")));
        Answer away = answers.First(a => a.Code == 503).ShouldBe(503);
        away.Type.ShouldBe("urn:shop:problem:overloaded");
        away.Headers.RetryAfter!.Delta!.Value.ShouldBeGreaterThan(TimeSpan.Zero);
        // What was sent away did not happen, and its key is good for another try.
        await host.Admin.CheckLevel("BUSY", sold: answers.Count(a => a.Code == 201), onHand: 100 - answers.Count(a => a.Code == 201));
        for (int i = 0; i < 20; i++) (await host.Admin.Checkout("BUSY", idempotencyKey: $"b-{i}")).ShouldBe(201);
        await host.Admin.CheckLevel("BUSY", sold: 20, onHand: 80);
    }

    [Fact]
    public async Task Silos_hear_of_a_crowd_by_the_calls_of_those_who_are_served()
    {
        await using ShopHost host = await ShopHost.StartAsync("Sqlite", ("Shop:Admission:ConcurrencyMin", "1"), ("Shop:Admission:ConcurrencyMax", "1"), ("Shop:Admission:WaitingMax", "1"));
        await host.Admin.Stock("BUSY", 1_000);
        CrowdWatch crowd = host.Services.GetRequiredService<CrowdWatch>();
        (await host.Admin.Checkout("BUSY")).ShouldBe(201);
        crowd.IsHere.ShouldBeFalse();
        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => host.Admin.Checkout("BUSY")));
        (await host.Admin.Checkout("BUSY")).ShouldBe(201);
        crowd.IsHere.ShouldBeTrue();
    }

    // Finishes the requests that are under way at an even rate, the oldest first, and none before its time.
    private sealed class VirtualShop(int perSecond)
    {
        private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);
        private readonly ManualClock _clock = new();
        private readonly List<(string Key, DateTimeOffset At, Task<Refused> Turn)> _waiting = [];
        private readonly Queue<(string Key, DateTimeOffset At, DateTimeOffset Began, long Timestamp)> _running = [];
        private readonly List<(string Key, TimeSpan Took)> _served = [];
        private readonly List<string> _away = [];
        private AdmissionQueue? _queue;
        private double _arrivals, _capacity;

        public TimeSpan Slowest { get; init; }

        public int PerSecond { get; set; } = perSecond;

        public AdmissionQueue Queue => _queue ??= new AdmissionQueue(Options.Create(new AdmissionOptions()), _clock);

        public int Served => _served.Count;

        public int SentAway => _away.Count;

        public List<TimeSpan> Latencies => [.. _served.Select(s => s.Took)];

        public List<TimeSpan> LatenciesOf(string key) => [.. _served.Where(s => s.Key.StartsWith(key, StringComparison.Ordinal)).Select(s => s.Took)];

        public int SentAwayOf(string key) => _away.Count(a => a.StartsWith(key, StringComparison.Ordinal));

        public void Forget()
        {
            _served.Clear();
            _away.Clear();
        }

        public void Arrive(string key) => _waiting.Add((key, _clock.GetUtcNow(), Queue.EnterAsync(key, default).AsTask()));

        public void Run(TimeSpan time, double arrivalsPerSecond, Func<int, string> key)
        {
            DateTimeOffset end = _clock.GetUtcNow() + time;
            int number = 0;
            while (_clock.GetUtcNow() < end)
            {
                for (_arrivals += arrivalsPerSecond * Step.TotalSeconds; _arrivals >= 1; _arrivals--) Arrive(key(number++));
                Admit();
                _clock.Advance(Step);
                _capacity = Math.Min(_capacity + (PerSecond * Step.TotalSeconds), PerSecond);
                while (_capacity >= 1 && _running.TryPeek(out var oldest) && _clock.GetUtcNow() - oldest.Began >= Slowest)
                {
                    _running.Dequeue();
                    _capacity--;
                    _served.Add((oldest.Key, _clock.GetUtcNow() - oldest.At));
                    Queue.Leave(oldest.Timestamp);
                    Admit();
                }

                // Time that nobody used is gone.
                if (_running.Count == 0) _capacity = 0;
            }
        }

        private void Admit() => _waiting.RemoveAll(w =>
        {
            if (!w.Turn.IsCompleted) return false;
            if (w.Turn.Result == Refused.No) _running.Enqueue((w.Key, w.At, _clock.GetUtcNow(), _clock.GetTimestamp()));
            else _away.Add(w.Key);
            return true;
        });
    }
}
