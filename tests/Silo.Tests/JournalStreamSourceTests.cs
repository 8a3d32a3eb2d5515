using System.Diagnostics;
using Shop.Events;
using Shop.Feed;
using Shop.Journaling;
using Shop.Streams;
using Shop.Testing;

namespace Shop.Silo.Tests;

/// <summary>What is read last of a partition is shared; nobody gets what is before the place that they asked from.</summary>
public sealed class JournalStreamSourceTests
{
    private const int Partition = 3;

    [Fact]
    public async Task A_look_that_began_earlier_is_not_shared_with_those_who_are_farther()
    {
        var store = new GatedStore();
        using var source = new JournalStreamSource(store, new JournalNews(), TimeProvider.System);
        store.Commits = 5;
        (await Read(source, after: 0)).ShouldBe([1, 2, 3, 4, 5]);
        // Somebody begins at the fifth and has to wait; somebody else, who was far behind, comes by and gets beyond it.
        (await Read(source, after: 9)).ShouldBeEmpty();
        store.Commits = 12;
        store.Close();
        Task<long[]> waiting = Read(source, after: 9);
        Task<long[]> catchingUp = Read(source, after: 2);
        store.Open(first: 2);
        (await catchingUp).ShouldBe([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        Task<long[]> farther = Read(source, after: 12);
        store.Open(first: null);
        (await waiting).ShouldBe([10, 11, 12]);
        (await farther).ShouldBeEmpty();
    }

    [Fact]
    public async Task Consumers_at_different_places_cost_one_read_each_part()
    {
        var store = new GatedStore { Commits = 100 };
        using var source = new JournalStreamSource(store, new JournalNews(), TimeProvider.System);
        (await Read(source, after: 0)).Length.ShouldBe(100);
        int reads = store.Reads;
        for (int after = 0; after < 100; after += 7) (await Read(source, after)).ShouldBe(Enumerable.Range(after + 1, 100 - after).Select(n => (long)n));
        store.Reads.ShouldBe(reads);
    }

    [Fact]
    public async Task Commits_that_tell_nothing_do_not_fill_the_memory()
    {
        var store = new GatedStore { Commits = 6_000, IsSilent = true };
        using var source = new JournalStreamSource(store, new JournalNews(), TimeProvider.System);
        for (long after = 0; after < store.Commits;) after = (await Read(source, after))[^1];
        int reads = store.Reads;
        (await Read(source, after: 5_500)).Length.ShouldBe(500);
        store.Reads.ShouldBe(reads);
        // The first ones are not kept any more.
        (await Read(source, after: 0))[0].ShouldBe(1);
        store.Reads.ShouldBe(reads + 1);
    }

    [Fact]
    public async Task What_was_read_a_while_ago_is_not_kept()
    {
        var store = new GatedStore { Commits = 5 };
        var clock = new ManualClock();
        using var source = new JournalStreamSource(store, new JournalNews(), clock);
        (await Read(source, after: 0)).Length.ShouldBe(5);
        clock.Advance(TimeSpan.FromSeconds(0.4));
        store.Commits = 7;
        (await Read(source, after: 5)).ShouldBe([6, 7]);
        int reads = store.Reads;
        (await Read(source, after: 2)).ShouldBe([3, 4, 5, 6, 7]);
        store.Reads.ShouldBe(reads, "It is less than half a second old, and who looks four times a second finds it.");
        clock.Advance(TimeSpan.FromSeconds(0.4));
        store.Commits = 8;
        (await Read(source, after: 7)).ShouldBe([8]);
        (await Read(source, after: 5)).ShouldBe([6, 7, 8]);
        store.Reads.ShouldBe(reads + 1, "Six and seven are less than half a second old.");
        (await Read(source, after: 2)).ShouldBe([3, 4, 5, 6, 7, 8]);
        store.Reads.ShouldBe(reads + 2, "The others are older than half a second.");
    }

    [Fact]
    public async Task What_was_read_goes_also_when_nobody_reads_on()
    {
        var store = new GatedStore { Commits = 5 };
        var clock = new ManualClock();
        using var source = new JournalStreamSource(store, new JournalNews(), clock);
        // What goes on when the clock moves has gone on before the clock's caller does.
        SynchronizationContext.SetSynchronizationContext(null);
        (await Read(source, after: 0)).Length.ShouldBe(5);
        clock.Advance(TimeSpan.FromSeconds(0.4));
        source.ReadAtHand(Partition, JournalPosition.Start, 10).Count.ShouldBe(5);
        clock.Advance(TimeSpan.FromSeconds(0.2));
        source.ReadAtHand(Partition, JournalPosition.Start, 10).ShouldBeEmpty();
    }

    [Fact]
    public async Task Who_missed_what_another_consumer_has_taken_takes_that_at_once_and_no_more()
    {
        var store = new GatedStore { Commits = 5 };
        using var source = new JournalStreamSource(store, new JournalNews(), TimeProvider.System);
        (await Take(after: 0)).ShouldBe([1, 2, 3, 4, 5]);
        store.Commits = 8;
        (await Take(after: 5)).ShouldBe([6, 7, 8]);
        // Somebody who listens to the feed is ahead of all consumers.
        store.Commits = 10;
        (await Read(source, after: 8)).ShouldBe([9, 10]);
        Wait(source, after: 8).IsCompleted.ShouldBeFalse("There is little, and it gathers.");
        Wait(source, after: 5).IsCompleted.ShouldBeTrue("Another one has been here and is farther.");
        (await Take(after: 5)).ShouldBe([6, 7, 8]);
        int reads = store.Reads;
        (await Take(after: 8)).ShouldBe([9, 10]);
        Wait(source, after: 8).IsCompleted.ShouldBeTrue();
        (await Take(after: 8)).ShouldBe([9, 10]);
        store.Reads.ShouldBe(reads);

        async Task<long[]> Take(long after) =>
            [.. (await source.ReadAsync(Partition, new JournalToken(new JournalPosition(0, after)), 1_000, default)).Select(e => e.Position.Number)];
    }

    [Fact]
    public async Task What_is_at_hand_is_what_somebody_has_read_and_costs_no_read()
    {
        var store = new GatedStore { Commits = 5 };
        var clock = new ManualClock();
        using var source = new JournalStreamSource(store, new JournalNews(), clock);
        long[] AtHand(long after, int limit = 1_000) => [.. source.ReadAtHand(Partition, new JournalPosition(0, after), limit).Select(e => e.Position.Number)];
        AtHand(after: 0).ShouldBeEmpty("Nobody has read yet.");
        await Read(source, after: 0);
        int reads = store.Reads;
        store.Commits = 7;
        AtHand(after: 0).ShouldBe([1, 2, 3, 4, 5]);
        AtHand(after: 2, limit: 2).ShouldBe([3, 4]);
        AtHand(after: 5).ShouldBeEmpty("Only the store would know.");
        store.Reads.ShouldBe(reads);
        clock.Advance(TimeSpan.FromSeconds(0.6));
        await Read(source, after: 5);
        AtHand(after: 2).ShouldBeEmpty("What comes next there is not kept any more.");
        AtHand(after: 5).ShouldBe([6, 7]);
    }

    [Fact]
    public async Task When_somebody_came_too_late_more_is_kept_for_a_while()
    {
        var store = new GatedStore { Commits = 5 };
        var clock = new ManualClock();
        using var source = new JournalStreamSource(store, new JournalNews(), clock);
        async Task ReadOn(TimeSpan later)
        {
            clock.Advance(later);
            (await Read(source, after: store.Commits++)).ShouldBe([store.Commits]);
        }

        (await Read(source, after: 0)).Length.ShouldBe(5);
        await ReadOn(TimeSpan.FromSeconds(2));
        (await Read(source, after: 2)).ShouldBe([3, 4, 5, 6]);
        for (int i = 0; i < 2; i++) await ReadOn(TimeSpan.FromSeconds(2));
        int reads = store.Reads;
        (await Read(source, after: 5)).ShouldBe([6, 7, 8]);
        store.Reads.ShouldBe(reads, "Somebody came too late four seconds ago.");
        for (int i = 0; i < 2; i++) await ReadOn(TimeSpan.FromSeconds(2));
        reads = store.Reads;
        (await Read(source, after: 5)).ShouldBe([6, 7, 8, 9, 10]);
        store.Reads.ShouldBe(reads + 1, "Nobody came too late for eight seconds.");
    }

    [Fact]
    public async Task Of_commits_with_many_events_no_more_are_read_than_can_be_taken()
    {
        var store = new GatedStore { Commits = 200, EventsEach = 100 };
        using var source = new JournalStreamSource(store, new JournalNews(), TimeProvider.System);
        (await Read(source, after: 0)).ShouldBe(Enumerable.Range(1, 40).Select(n => (long)n));
        (await Read(source, after: 40)).ShouldBe(Enumerable.Range(41, 40).Select(n => (long)n));
        store.Limit.ShouldBe(40);
        Wait(source, after: 80).IsCompleted.ShouldBeTrue("There is more.");
        // And as many as before of those with few.
        (store.Commits, store.EventsEach) = (2_000, 1);
        (await Read(source, after: 80)).Length.ShouldBe(40);
        (await Read(source, after: 120)).Length.ShouldBe(1_000);
    }

    [Fact]
    public async Task Who_is_near_the_end_waits_for_more_to_gather_and_who_is_not_does_not_wait()
    {
        var store = new GatedStore { Commits = 5 };
        using var source = new JournalStreamSource(store, new JournalNews(), TimeProvider.System);
        Wait(source, after: 0).IsCompleted.ShouldBeTrue("Nobody has looked yet.");
        (await Read(source, after: 0)).Length.ShouldBe(5);
        foreach (int after in new[] { 3, 5 })
        {
            long began = Stopwatch.GetTimestamp();
            await Wait(source, after);
            Stopwatch.GetElapsedTime(began).ShouldBeGreaterThan(TimeSpan.FromMilliseconds(100));
        }

        // A page that is full says nothing of what comes after it.
        store.Commits = 2_500;
        (await Read(source, after: 5)).Length.ShouldBe(1_000);
        Wait(source, after: 1_005).IsCompleted.ShouldBeTrue("There may be more.");
        for (long after = 1_005; after < 2_500;) after = (await Read(source, after))[^1];
        Wait(source, after: 1_500).IsCompleted.ShouldBeTrue("A thousand are known.");
    }

    [Fact]
    public async Task Those_who_wait_for_a_partition_go_on_together()
    {
        var store = new GatedStore { Commits = 5 };
        var clock = new ManualClock();
        using var source = new JournalStreamSource(store, new JournalNews(), clock);
        (await Read(source, after: 0)).Length.ShouldBe(5);
        // What goes on when the clock moves has gone on before the clock's caller does.
        SynchronizationContext.SetSynchronizationContext(null);
        // By themselves they would be a tenth of a second apart every other time.
        for (int i = 0; i < 20; i++)
        {
            Task first = Wait(source, after: 5);
            clock.Advance(TimeSpan.FromMilliseconds(100));
            Task second = Wait(source, after: 5);
            MillisecondsUntil(clock, () => first.IsCompleted || second.IsCompleted).ShouldBeInRange(299, 1_501, "A quarter of a second until somebody looks, and then what is left of one and a half at the most.");
            // The clock stands still: whoever had to wait for another moment would wait for ever.
            await Task.WhenAll(first, second).WaitAsync(TimeSpan.FromSeconds(10));
        }
    }

    [Fact]
    public async Task What_comes_after_a_pause_is_read_soon_and_what_comes_all_the_time_once_a_second()
    {
        var store = new GatedStore { Commits = 5 };
        var clock = new ManualClock();
        using var source = new JournalStreamSource(store, new JournalNews(), clock);
        (await Read(source, after: 0)).Length.ShouldBe(5);
        SynchronizationContext.SetSynchronizationContext(null);
        for (int i = 0; i < 20; i++)
        {
            MillisecondsOfWaiting().ShouldBeInRange(399, 701, "A quarter of a second until somebody looks, and then 0.15 to 0.45.");
            int[] next = [.. Enumerable.Range(0, 20).Select(_ => MillisecondsOfWaiting())];
            next.ShouldAllBe(n => n >= 399 && n <= 1_501);
            next.Sum().ShouldBeInRange(15_000, 25_000, "Twenty times a second.");
            clock.Advance(TimeSpan.FromMinutes(1));
        }

        int MillisecondsOfWaiting()
        {
            Task wait = Wait(source, after: 5);
            return MillisecondsUntil(clock, () => wait.IsCompleted);
        }
    }

    [Fact]
    public async Task Who_asks_from_beyond_the_end_does_not_keep_those_busy_who_are_at_it()
    {
        var store = new GatedStore { Commits = 5 };
        using var source = new JournalStreamSource(store, new JournalNews(), TimeProvider.System);
        (await Read(source, after: 9)).ShouldBeEmpty();
        for (int i = 0; i < 2; i++) (await Read(source, after: 5)).ShouldBeEmpty();
        Wait(source, after: 5).IsCompleted.ShouldBeFalse();
    }

    private static int MillisecondsUntil(ManualClock clock, Func<bool> isOver)
    {
        int passed = 0;
        for (; passed < 2_000 && !isOver(); passed++) clock.Advance(TimeSpan.FromMilliseconds(1));
        return passed;
    }

    private static Task Wait(JournalStreamSource source, long after) => source.WaitAsync(Partition, new JournalToken(new JournalPosition(0, after)), default);

    private static async Task<long[]> Read(JournalStreamSource source, long after) =>
        [.. (await ((IEventReader)source).ReadAsync(Partition, new JournalPosition(0, after), 1_000)).Select(i => i.Position.Number)];
}
