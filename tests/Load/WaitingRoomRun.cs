using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Shop.Load.Scenarios;
using Shop.Load.Targets;

namespace Shop.Load;

/// <summary>
/// A crowd before a sale: everybody takes a ticket, then the door opens. Each visitor asks again when it was told to, and buys when it is
/// admitted. Checked: places in the order of arrival, nobody early, the rate held, a unit for each.
/// </summary>
public sealed class WaitingRoomRun(HttpTarget target, int visitors, double perSecond) : IDisposable
{
    private const int Joiners = 64, AskAgainMax = 15;
    private readonly string _sku = $"door-{Guid.NewGuid():N}"[..16];
    private readonly ConcurrentQueue<string> _violations = [];

    // Visitors share connections, as those behind one proxy do.
    private readonly SemaphoreSlim _connections = new(256);

    /// <summary>Runs and prints; 1 when something was not right.</summary>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        string room = $"/v1/waiting-rooms/{_sku}";
        await target.PrepareAsync(_sku, visitors);
        await target.ExpectAsync("PUT", room, Settings(DateTimeOffset.UtcNow.AddHours(12)));
        string[] tokens = new string[visitors];
        await Checks.EachAsync([.. Enumerable.Range(0, visitors)], async i => tokens[i] = (string)JsonNode.Parse(await target.ExpectAsync("POST", "/v1/sessions", "{}"))!["token"]!);

        var arrivals = new Arrival[visitors];
        long began = Stopwatch.GetTimestamp();
        int next = -1;
        await Task.WhenAll(Enumerable.Range(0, Joiners).Select(_ => Task.Run(async () =>
        {
            for (int i = Interlocked.Increment(ref next); i < visitors; i = Interlocked.Increment(ref next))
            {
                long asked = Stopwatch.GetTimestamp();
                JsonNode ticket = JsonNode.Parse(await target.ExpectAsync("POST", $"{room}/tickets", "{}", tokens[i]))!;
                arrivals[i] = new Arrival(tokens[i], (string)ticket["ticket"]!, (long)ticket["number"]!, asked, Stopwatch.GetTimestamp());
            }
        })));
        double joined = visitors / Stopwatch.GetElapsedTime(began).TotalSeconds;
        CheckOrder(arrivals);

        long opened = Stopwatch.GetTimestamp();
        await target.ExpectAsync("PUT", room, Settings(null));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<double> watching = WatchAsync(room, opened, stop.Token);
        Arrival[] tried = [.. arrivals.Where((_, i) => i % 100 == 0)];
        // Some try the door at once, whoever they are.
        int early = (await Task.WhenAll(tried.Where(a => a.Number > 5 * perSecond).Select(a => target.BuyAsync(_sku, $"early-{a.Number}", a.Token, a.Ticket)))).Count(s => s != 429);
        if (early > 0) _violations.Enqueue($"{early} visitors who were not admitted were not told to wait");
        double[] waits = await Task.WhenAll(arrivals.Select(a => Task.Run(() => WaitAndBuyAsync(room, a, opened, cancellation), CancellationToken.None)));
        double drained = Stopwatch.GetElapsedTime(opened).TotalSeconds;
        await stop.CancelAsync();
        double off = await watching;
        (StockFigures? stock, string? wrong) = await Checks.SettledAsync(target, _sku, held: false);
        if (wrong is not null) _violations.Enqueue(wrong);
        if (stock?.Sold != visitors) _violations.Enqueue($"{stock?.Sold} units are sold to {visitors} visitors");

        Array.Sort(waits);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{visitors:N0} visitors took tickets, {joined:N0} a second, each durable before its answer"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"all admitted and served after {drained:F1} s ({visitors / perSecond:F1} s at {perSecond:N0} a second); the queue was {off:F2} s off its rate at the most"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"from a visitor's turn to its order: {waits[waits.Length / 2]:F2} s (median), {waits[(int)(waits.Length * 0.99)]:F2} s (p99), asking when told to"));
        foreach (string violation in _violations.Take(20)) Console.WriteLine($"VIOLATION: {violation}");
        Console.WriteLine(_violations.IsEmpty ? "Right: in order of arrival, nobody early, a unit for each." : $"NOT RIGHT: {_violations.Count} violations");
        return _violations.IsEmpty ? 0 : 1;
    }

    /// <inheritdoc/>
    public void Dispose() => _connections.Dispose();

    private string Settings(DateTimeOffset? opensAt) => string.Create(
        CultureInfo.InvariantCulture, $"{{\"skus\":[\"{_sku}\"],\"admittedPerSecond\":{perSecond},\"admissionSeconds\":3600{(opensAt is { } at ? $",\"opensAt\":\"{at:O}\"" : "")}}}");

    // Who had an answer before another asked has the smaller number.
    private void CheckOrder(Arrival[] arrivals)
    {
        if (arrivals.Select(a => a.Number).Distinct().Count() != visitors) _violations.Enqueue("Two visitors have one number.");
        Arrival[] byNumber = [.. arrivals.OrderBy(a => a.Number)];
        long answeredAfter = long.MaxValue;
        for (int i = visitors - 1; i >= 0; i--)
        {
            if (byNumber[i].Asked > answeredAfter) _violations.Enqueue($"Number {byNumber[i].Number} asked when a later number had its answer.");
            answeredAfter = Math.Min(answeredAfter, byNumber[i].Answered);
        }
    }

    // How many seconds the queue was ahead of its rate or behind it at the most.
    private async Task<double> WatchAsync(string room, long opened, CancellationToken stop)
    {
        (double off, long before) = (0, 0);
        try
        {
            while (true)
            {
                await Task.Delay(200, stop);
                double from = Stopwatch.GetElapsedTime(opened).TotalSeconds;
                long admitted = (long)JsonNode.Parse(await target.ExpectAsync("GET", room))!["admitted"]!;
                double to = Stopwatch.GetElapsedTime(opened).TotalSeconds;
                if (admitted < before) _violations.Enqueue("The queue went back.");
                before = admitted;
                double ahead = (admitted / perSecond) - to, behind = admitted == visitors ? 0 : from - (admitted / perSecond);
                if (ahead > 0.5) _violations.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{admitted} were admitted after {to:F2} s"));
                off = Math.Max(off, Math.Max(ahead, behind));
            }
        }
        catch (OperationCanceledException)
        {
            return off;
        }
    }

    // The seconds between the turn of the visitor and its order.
    private async Task<double> WaitAndBuyAsync(string room, Arrival visitor, long opened, CancellationToken cancellation)
    {
        double turn = visitor.Number / perSecond;
        // Everybody has been asking for a while, each at times of its own.
        await Task.Delay(TimeSpan.FromSeconds(Random.Shared.NextDouble() * Math.Clamp(turn / 4, 1, AskAgainMax)), cancellation);
        while (true)
        {
            JsonNode place = JsonNode.Parse(await SharedAsync(() => target.ExpectAsync("GET", $"{room}/tickets/{visitor.Ticket}", token: visitor.Token)))!;
            double now = Stopwatch.GetElapsedTime(opened).TotalSeconds;
            if ((string)place["state"]! == "admitted")
            {
                if (now < turn - 0.5) _violations.Enqueue(string.Create(CultureInfo.InvariantCulture, $"Number {visitor.Number} was admitted after {now:F2} s"));
                break;
            }

            double wait = Math.Clamp(Math.Ceiling((double?)place["estimatedSeconds"] / 4 ?? AskAgainMax), 1, AskAgainMax);
            await Task.Delay(TimeSpan.FromSeconds(wait), cancellation);
        }

        for (int attempt = 1; ; attempt++)
        {
            int status = await SharedAsync(() => target.BuyAsync(_sku, $"buy-{visitor.Number}", visitor.Token, visitor.Ticket));
            if (status == 201) break;
            if (status is not (429 or 503) || attempt == 30)
            {
                _violations.Enqueue($"Number {visitor.Number} was admitted and told {status}");
                break;
            }

            await Task.Delay(TimeSpan.FromSeconds(1), cancellation);
        }

        return Stopwatch.GetElapsedTime(opened).TotalSeconds - turn;
    }

    private async Task<T> SharedAsync<T>(Func<Task<T>> send)
    {
        await _connections.WaitAsync();
        try
        {
            return await send();
        }
        finally
        {
            _connections.Release();
        }
    }

    private sealed record Arrival(string Token, string Ticket, long Number, long Asked, long Answered);
}
