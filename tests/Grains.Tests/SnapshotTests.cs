using System.Text;
using System.Text.Json;
using Shop.Journaling;
using Shop.Stock;

namespace Shop.Grains.Tests;

public sealed class SnapshotTests
{
    [Theory]
    [InlineData("""{"CommitVersion":3,"EventCount":4,"State":{"a":[1,"\u00fc"]}}""")]
    [InlineData("""{"CommitVersion":3,"EventCount":4,"State":"{\u0022a\u0022:[1,\u0022\\u00fc\u0022]}"}""")]
    public void A_state_is_a_part_of_its_snapshot_and_was_text_within_it_before(string json)
    {
        GrainSnapshot read = JsonSerializer.Deserialize<GrainSnapshot>(json)!;
        JsonElement state = JsonDocument.Parse(read.State!).RootElement;
        (state.GetProperty("a")[0].GetInt32(), state.GetProperty("a")[1].GetString()).ShouldBe((1, "ü"));
        string written = JsonSerializer.Serialize(read);
        written.ShouldContain("""State":{"a":[1,""");
        Encoding.UTF8.GetString(JsonSerializer.Deserialize<GrainSnapshot>(written)!.State!).ShouldBe(Encoding.UTF8.GetString(read.State!));
        JsonSerializer.Deserialize<GrainSnapshot>("""{"CommitVersion":0,"EventCount":0,"State":null}""")!.State.ShouldBeNull();
    }

    [Theory]
    [InlineData(10, false)]
    [InlineData(20_000, true)]
    public void A_large_state_is_packed_and_is_the_same_afterwards(int reservations, bool isPacked)
    {
        DateTimeOffset now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        StockState state = StockState.Empty.Apply(new StockEvent.Received(reservations, "r1", now));
        for (int i = 0; i < reservations; i++)
            state = state.Apply(new StockEvent.Reserved(new ReservationId(i % 2 == 0 ? $"r-{i}" : new Guid(i, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10).ToString()), 1, now.AddSeconds(i), null, now));
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(state, StockJson.Default.StockState);
        (GrainSnapshot taken, long length) = GrainSnapshot.Take(state, StockJson.Default.StockState, 7, 8);
        length.ShouldBe(json.Length);
        (taken.Packed is not null).ShouldBe(isPacked);
        (taken.State is null).ShouldBe(isPacked);
        GrainSnapshot read = JsonSerializer.Deserialize<GrainSnapshot>(JsonSerializer.SerializeToUtf8Bytes(taken))!;
        (read.CommitVersion, read.EventCount).ShouldBe((7, 8));
        JsonSerializer.SerializeToUtf8Bytes(read.Open(StockJson.Default.StockState)!, StockJson.Default.StockState).ShouldBe(json);
        if (isPacked) (taken.Packed!.Length * 5).ShouldBeLessThan(json.Length);
    }

    [Fact]
    public void A_reservation_of_a_snapshot_that_says_nothing_of_its_status_is_held()
    {
        const string rest = "\"quantity\":1,\"expiresAt\":\"2026-03-01T12:00:00+00:00\"";
        StockState read = JsonSerializer.Deserialize(
            $$"""{"reservations":{"a":{ {{rest}} },"b":{ {{rest}},"status":0},"c":{ {{rest}},"status":1} } }""", StockJson.Default.StockState)!;
        read.Reservations.Select(r => (r.Key.Value, r.Value.Status)).ShouldBe(
            [("a", ReservationStatus.Held), ("b", ReservationStatus.Held), ("c", ReservationStatus.Confirmed)]);
        JsonSerializer.Serialize(read, StockJson.Default.StockState).Split("status").Length.ShouldBe(2, "Only of those that ended it is said.");
    }

    [Fact]
    public void What_ended_is_forgotten_a_day_after_its_end_also_if_a_snapshot_tells_when_it_would_have_expired()
    {
        // As older software wrote it; the times of expiry are of another day than the ends.
        StockState read = JsonSerializer.Deserialize(
            """
            {"exists":true,"received":3,"sold":2,"reservations":{
              "a":{"quantity":1,"expiresAt":"2026-03-09T12:00:00+00:00","status":1},"b":{"quantity":1,"expiresAt":"2026-03-09T12:00:00+00:00","status":1},
              "c":{"quantity":1,"expiresAt":"2026-03-09T12:00:00+00:00"}},
             "reserved":1,"closed":[{"id":"b","closedAt":"2026-03-01T12:00:00+00:00"},{"id":"a","closedAt":"2026-03-01T13:00:00+00:00"}]}
            """, StockJson.Default.StockState)!;
        read.Closed.Select(c => (c.Id.Value, c.ClosedAt.Hour)).ShouldBe([("b", 12), ("a", 13)]);
        DateTimeOffset dayAfter = new(2026, 3, 2, 12, 30, 0, TimeSpan.Zero);
        StockState later = read.Apply(new StockEvent.Confirmed(new ReservationId("c"), dayAfter));
        later.Reservations.Keys.Select(k => k.Value).ShouldBe(["a", "c"], ignoreOrder: true);
        later.Closed.Select(c => (c.Id.Value, c.ClosedAt)).ShouldBe([("a", dayAfter.AddHours(-23).AddMinutes(-30)), ("c", dayAfter)]);
        later.AssertInvariants();
        // What this software writes older software reads: the same fields, and the ends behind what ended.
        string written = JsonSerializer.Serialize(later, StockJson.Default.StockState);
        written.IndexOf("\"closed\":[{\"id\":\"a\",\"closedAt\":", StringComparison.Ordinal).ShouldBeGreaterThan(written.IndexOf("\"reservations\":", StringComparison.Ordinal));
    }

    [Fact]
    public void No_snapshot_is_of_no_state() => new GrainSnapshot().Open(StockJson.Default.StockState).ShouldBeNull();
}
