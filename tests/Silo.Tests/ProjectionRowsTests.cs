using Shop.Journaling;
using Shop.Streams;

namespace Shop.Silo.Tests;

/// <summary>What a consumer keeps of its rows between commits.</summary>
public sealed class ProjectionRowsTests
{
    private readonly CountingStore _store = new();

    [Fact]
    public async Task Rows_that_are_asked_for_again_and_again_stay_and_others_are_read_again()
    {
        var rows = new ProjectionRows(_store, "touchy", 0, rowsMax: 10);
        for (int i = 0; i < 4; i++) await ChangeAsync(rows, "often");
        await ChangeAsync(rows, "once");
        CommitAll(rows);
        _store.Reads.ShouldBe(["often", "once"]);
        (await ChangeAsync(rows, "often")).ShouldBe(5);
        (await ChangeAsync(rows, "once")).ShouldBe(2);
        _store.Reads.ShouldBe(["often", "once", "once"]);
        // What is asked for no more goes after a few commits.
        for (int i = 0; i < 3; i++) CommitAll(rows);
        (await ChangeAsync(rows, "often")).ShouldBe(6);
        _store.Reads.ShouldBe(["often", "once", "once", "often"]);
    }

    [Fact]
    public async Task A_row_is_new_until_it_was_written_and_again_when_it_was_removed()
    {
        var rows = new ProjectionRows(_store, "touchy", 0, rowsMax: 10);
        await ChangeAsync(rows, "one");
        rows.Changes().ShouldHaveSingleItem().IsNew.ShouldBeTrue();
        for (int i = 0; i < 4; i++) await ChangeAsync(rows, "one");
        CommitAll(rows);
        await ChangeAsync(rows, "one");
        rows.Changes().ShouldHaveSingleItem().IsNew.ShouldBeFalse();
        await rows.RemoveAsync("one", TouchyJson.Default.TouchyRow);
        CommitAll(rows);
        (await ChangeAsync(rows, "one")).ShouldBe(1);
        rows.Changes().ShouldHaveSingleItem().IsNew.ShouldBeTrue();
        CommitAll(rows);
    }

    [Fact]
    public async Task No_more_rows_stay_than_may()
    {
        var rows = new ProjectionRows(_store, "touchy", 0, rowsMax: 10);
        for (int i = 0; i < 30; i++)
            for (int times = 0; times < 2; times++) await ChangeAsync(rows, $"r{i}");
        CommitAll(rows);
        for (int i = 0; i < 30; i++) (await ChangeAsync(rows, $"r{i}")).ShouldBe(3);
        _store.Reads.Count.ShouldBe(30 + 20);
    }

    [Fact]
    public async Task Rows_that_are_folded_say_what_they_said()
    {
        var rows = new ProjectionRows(_store, "touchy", 0, rowsMax: 10);
        await ChangeAsync(rows, "once");
        for (int i = 0; i < 3; i++) await ChangeAsync(rows, "often");
        await ChangeAsync(rows, "removed");
        await rows.RemoveAsync("removed", TouchyJson.Default.TouchyRow);
        for (int i = 0; i < 2; i++) rows.Fold();
        rows.Changes().Select(r => (r.Key, r.Payload)).ShouldBe([("once", Row(1)), ("often", Row(3)), ("removed", null)], ignoreOrder: true);
        (await ChangeAsync(rows, "once")).ShouldBe(2);
        rows.Fold();
        (await ChangeAsync(rows, "removed")).ShouldBe(1);
        CommitAll(rows);
        _store.Payloads.ShouldBe([KeyValuePair.Create("once", Row(2)), KeyValuePair.Create("often", Row(3)), KeyValuePair.Create("removed", Row(1))], ignoreOrder: true);
        _store.Reads.ShouldBe(["once", "often", "removed"], "What is folded need not be read again.");
    }

    private static string Row(int units) => $$"""{"units":{{units}},"rules":0}""";

    private static async Task<long> ChangeAsync(ProjectionRows rows, string key) => ++(await rows.ChangeAsync(key, TouchyJson.Default.TouchyRow)).Units;

    private void CommitAll(ProjectionRows rows)
    {
        foreach ((string key, string? payload, bool isNew) in rows.Changes())
        {
            isNew.ShouldBe(!_store.Payloads.ContainsKey(key), key);
            if (payload is null) _store.Payloads.Remove(key);
            else _store.Payloads[key] = payload;
        }

        rows.Committed();
    }

    /// <summary>Rows of one partition; it counts what is read of them.</summary>
    private sealed class CountingStore : IProjectionStore
    {
        public Dictionary<string, string> Payloads { get; } = [];

        public List<string> Reads { get; } = [];

        public Task<IReadOnlyList<ProjectionRow>> ReadKeysAsync(string projection, int? partition, IReadOnlyCollection<string> keys, CancellationToken cancellation)
        {
            Reads.AddRange(keys);
            return Task.FromResult<IReadOnlyList<ProjectionRow>>([.. keys.Where(Payloads.ContainsKey).Select(k => new ProjectionRow(k, 0, Payloads[k]))]);
        }

        public Task<ProjectionPlace?> ReadPlaceAsync(string projection, int partition, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<IReadOnlyList<(string Projection, int Partition, JournalPosition Position)>> ReadPositionsAsync(CancellationToken cancellation) => throw new NotSupportedException();

        public Task<IReadOnlyList<ProjectionRow>> ReadRangeAsync(string projection, int? partition, string from, string to, int limit, CancellationToken cancellation) => throw new NotSupportedException();

        public Task CommitAsync(ProjectionCommit commit, CancellationToken cancellation) => throw new NotSupportedException();

        public Task ReplaceAsync(string projection, int partition, JournalPosition at, string replacement, JournalPosition replacementAt, CancellationToken cancellation) => throw new NotSupportedException();

        public Task DropAsync(string projection, int partition, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<IReadOnlyList<ParkedEvent>> ReadParkedAsync(string? projection, int? partition, int limit, CancellationToken cancellation) => throw new NotSupportedException();

        public Task RemoveRangeAsync(string projection, int partition, string from, string to, CancellationToken cancellation) => throw new NotSupportedException();
    }
}
