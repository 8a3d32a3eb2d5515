using Shop.Customers;
using Shop.Journaling;
using Shop.Streams;

namespace Shop.Silo.Tests;

/// <summary>What the writer says to those who read beside it.</summary>
public sealed class JournalNewsTests
{
    [Fact]
    public void What_was_written_here_is_known_until_it_was_read()
    {
        var news = new JournalNews();
        JournalCommit first = Written(1), second = Written(2), third = Written(3);
        int partition = first.Partition;
        news.Wrote(first);
        news.Written(partition).ShouldBeEmpty("Nobody read this partition yet.");
        news.Wrote(second);
        IReadOnlyDictionary<CommitIdentity, JournalItem> known = news.Written(partition);
        news.Wrote(third);
        known.Keys.ShouldBe([second.Identity], "A read has what was known when it began.");
        known[second.Identity].Events.ShouldBe(JournalItem.Of(second).Events);
        news.Forget(partition, [second.Identity, third.Identity with { CommitId = Guid.NewGuid() }]);
        news.Written(partition).Keys.ShouldBe([third.Identity], "Somebody else's commit of this version is another.");
    }

    [Fact]
    public async Task What_was_read_before_its_writer_knew_that_it_is_durable_is_not_kept()
    {
        var news = new JournalNews();
        var store = new GatedStore { Commits = 5 };
        using var source = new JournalStreamSource(store, news, TimeProvider.System);
        int partition = Written(1).Partition;
        await source.ReadAsync(partition, JournalPosition.Start, 2);
        news.Wrote(Written(1));
        await source.ReadAsync(partition, new JournalPosition(0, 2), 2);
        news.Written(partition).Count.ShouldBe(1, "There is more to read, it may be among that.");
        await source.ReadAsync(partition, new JournalPosition(0, 4), 2);
        news.Written(partition).ShouldBeEmpty();
    }

    [Fact]
    public void What_cannot_be_told_is_left_to_those_who_read_the_row()
    {
        var news = new JournalNews();
        JournalCommit commit = Written(1);
        news.Written(commit.Partition);
        news.Wrote(commit with { Told = ["no event"] });
        news.Written(commit.Partition).ShouldBeEmpty();
    }

    [Fact]
    public void What_nobody_reads_is_not_kept()
    {
        var news = new JournalNews();
        int partition = Written(1).Partition;
        news.Written(partition);
        for (int version = 1; version <= 2_000; version++) news.Wrote(Written(version));
        news.Written(partition).Count.ShouldBe(2_000);
        news.Wrote(Written(2_001));
        news.Written(partition).ShouldBeEmpty();
    }

    private static JournalCommit Written(long version) =>
        new("customer/a", version, new Guid((int)version, 0, 0, new byte[8]), 1, false, true, DateTimeOffset.UnixEpoch, "[1]"u8.ToArray())
        {
            Told = [new CustomerEvent.Erased(DateTimeOffset.UnixEpoch)],
        };
}
