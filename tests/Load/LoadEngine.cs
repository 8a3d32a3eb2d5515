namespace Shop.Load;

/// <summary>How requests come: so many callers that each wait for their answer, or each at its time, whether or not answers come.</summary>
/// <param name="Callers">How many callers there are.</param>
/// <param name="DueAt">When a request is due after the beginning; null for a closed loop. It answers null when there are no more.</param>
/// <param name="RequestsMax">The most requests.</param>
/// <param name="WarmUp">What happens at first is not measured.</param>
/// <param name="Duration">How long it is measured.</param>
public sealed record Arrivals(int Callers, Func<long, TimeSpan?>? DueAt, long RequestsMax, TimeSpan WarmUp, TimeSpan Duration)
{
    /// <summary>So many a second, evenly.</summary>
    public static Func<long, TimeSpan?> PerSecond(double rate) => number => TimeSpan.FromSeconds(number / rate);
}

/// <summary>Sends requests and records how they end.</summary>
public static class LoadEngine
{
    // An open loop sends on when answers stay out, but not for ever. Each takes a connection, and where a process may have 20,000 files a gateway lets 15,000 in.
    private const int OpenMax = 12_000;

    // Thousands of requests a second go out in groups. They count from when they were due all the same, and the generator, which shares the processors with
    // the shop, takes half of what it takes when it wakes up for each of them.
    private const double CrowdPerSecond = 2_000;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1), CrowdTick = TimeSpan.FromMilliseconds(10);

    /// <summary>Runs; ends when the time is over and every answer is there.</summary>
    public static async Task<Recorder> RunAsync(Arrivals arrivals, Func<long, Task<Outcome>> request, Func<Recorder, CancellationToken, Task>? watch, CancellationToken cancellation)
    {
        var recorder = new Recorder(arrivals.WarmUp, arrivals.Duration);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        recorder.Begin();
        Task watching = watch is null ? Task.CompletedTask : Task.Run(() => watch(recorder, stop.Token), CancellationToken.None);
        TimeSpan end = arrivals.WarmUp + arrivals.Duration;
        if (arrivals.DueAt is { } dueAt) await OpenAsync(dueAt, arrivals.RequestsMax, end, request, recorder, cancellation);
        else await ClosedAsync(arrivals.Callers, arrivals.RequestsMax, end, request, recorder, cancellation);
        await stop.CancelAsync();
        try
        {
            await watching;
        }
        catch (OperationCanceledException)
        {
            // It was asked to end.
        }

        return recorder;
    }

    private static Task ClosedAsync(int callers, long requestsMax, TimeSpan end, Func<long, Task<Outcome>> request, Recorder recorder, CancellationToken cancellation)
    {
        long next = -1;
        return Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            while (recorder.Elapsed < end && !cancellation.IsCancellationRequested)
            {
                long number = Interlocked.Increment(ref next);
                if (number >= requestsMax) return;
                TimeSpan due = recorder.Elapsed;
                await RecordAsync(request, number, recorder, due);
            }
        }, CancellationToken.None)));
    }

    // A request is due when the clock says so, not when the one before has its answer: whoever waits in a queue, here or there,
    // waits from then on.
    private static async Task OpenAsync(Func<long, TimeSpan?> dueAt, long requestsMax, TimeSpan end, Func<long, Task<Outcome>> request, Recorder recorder, CancellationToken cancellation)
    {
        int open = 0;
        long number = 0;
        TimeSpan before = TimeSpan.Zero;
        while (recorder.Elapsed < end && !cancellation.IsCancellationRequested && number < requestsMax && dueAt(number) is { } next)
        {
            long first = number;
            for (; number < requestsMax && next <= recorder.Elapsed; number++)
            {
                TimeSpan due = next;
                next = dueAt(number + 1) ?? TimeSpan.MaxValue;
                if (Volatile.Read(ref open) >= OpenMax)
                {
                    recorder.Fail($"not sent, as {OpenMax:N0} had no answer yet", due);
                    continue;
                }

                Interlocked.Increment(ref open);
                long mine = number;
                _ = Task.Run(async () =>
                {
                    await RecordAsync(request, mine, recorder, due);
                    Interlocked.Decrement(ref open);
                }, CancellationToken.None);
            }

            TimeSpan now = recorder.Elapsed;
            await Task.Delay(TickAfter(number - first, now - before), CancellationToken.None);
            before = now;
        }

        for (int i = 0; i < 3_000 && Volatile.Read(ref open) > 0; i++) await Task.Delay(10, CancellationToken.None);
    }

    /// <summary>How long it rests after it sent so many that had become due in some time.</summary>
    public static TimeSpan TickAfter(long sent, TimeSpan dueIn) => sent > CrowdPerSecond * dueIn.TotalSeconds ? CrowdTick : Tick;

    private static async Task RecordAsync(Func<long, Task<Outcome>> request, long number, Recorder recorder, TimeSpan due)
    {
        try
        {
            Outcome outcome = await request(number);
            if (outcome == Outcome.Failed) recorder.Fail("an unexpected answer", due);
            else recorder.Record(outcome, due);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            recorder.Fail($"{e.GetType().Name}: {e.Message}", due);
        }
    }
}
