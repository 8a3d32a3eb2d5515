using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Shop.Journaling;
using Shop.Stock;

namespace Shop.Grains.Tests;

public sealed class ValueTests
{
    [Theory]
    [InlineData("85123A", true)]
    [InlineData("gift_0001-20.x~", true)]
    [InlineData("", false)]
    [InlineData("a..b", false)]
    [InlineData(".a", false)]
    [InlineData("a/b", false)]
    [InlineData("a b", false)]
    [InlineData("ä", false)]
    [InlineData("a\0", false)]
    public void Identifiers_are_safe_everywhere(string text, bool valid) => Identifier.TryParse(text, out Sku _).ShouldBe(valid);

    [Theory]
    [InlineData("0.01", "EUR", 1)]
    [InlineData("19.9", "EUR", 1990)]
    [InlineData("7", "JPY", 7)]
    [InlineData("1.234", "KWD", 1234)]
    public void Money_is_read_exactly(string amount, string currency, long minor)
    {
        Money.TryFromDecimal(decimal.Parse(amount, System.Globalization.CultureInfo.InvariantCulture), new Currency(currency), out Money money).ShouldBeTrue();
        money.ShouldBe(new Money(minor, new Currency(currency)));
        money.ToDecimal().ShouldBe(decimal.Parse(amount, System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public void A_key_of_a_reservation_says_exactly_what_its_id_said()
    {
        // A UUID, and what is close to one: in capitals, with a number of another notation, with its dashes elsewhere, without them, shorter.
        string[] ids =
        [
            "0198f6a1-7c3e-8d2b-9f00-0123456789ab", "0198F6A1-7C3E-8D2B-9F00-0123456789AB", "0x98f6a1-7c3e-8d2b-9f00-0123456789ab", "0198f6a17c3e-8d2b-9f00-0123-456789ab",
            "0198f6a1-7c3e-8d2b-9f00-0123456789a", "0198f6a17c3e8d2b9f000123456789ab", "00000000-0000-0000-0000-000000000000", "somebody", "0",
            // As bytes the first is the text behind it; as long as a short text can be, one more, with what no identifier has.
            "64636261-6665-6867-696a-6b6c6d6e6f70", "abcdefghijklmnop", "abcdefghijklmnopq", "ab cd", "é", "a\0b", "a\0", "",
        ];
        HashSet<ReservationKey> keys = [];
        foreach (string id in ids)
        {
            keys.Add(new ReservationId(id)).ShouldBeTrue(id);
            keys.Contains(ReservationKey.Of(new string(id.AsSpan()))).ShouldBeTrue(id);
            ((ReservationId)ReservationKey.Of(id)).Value.ShouldBe(id);
        }

        StockState state = ids.Aggregate(
            StockState.Empty.Apply(new StockEvent.Received(100, "receipt", DateTimeOffset.UnixEpoch)),
            (s, id) => s.Apply(new StockEvent.Reserved(new ReservationId(id), 1, DateTimeOffset.UnixEpoch.AddDays(1), null, DateTimeOffset.UnixEpoch)));
        string json = JsonSerializer.Serialize(state, typeof(StockState), StockState.Json);
        ids.ShouldAllBe(id => json.Contains(JsonSerializer.Serialize(id, JsonSerializerOptions.Default) + ":"));
        ((StockState)JsonSerializer.Deserialize(json, typeof(StockState), StockState.Json)!).Reservations.ShouldBe(state.Reservations, ignoreOrder: true);
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData("c1", -2L, 0L)]
    public void A_reservation_writes_itself_as_the_serializer_would(string? customer, long? change, long? available)
    {
        DateTimeOffset at = new(2026, 1, 2, 3, 4, 5, 678, 900, TimeSpan.FromHours(1));
        StockEvent reserved = new StockEvent.Reserved(new ReservationId("r~1"), 2, at.AddMinutes(15), customer is null ? null : new CustomerId(customer), at) { Change = change, Available = available };
        var written = new ArrayBufferWriter<byte>();
        new EventJson<StockEvent>((JsonTypeInfo<StockEvent>)StockState.Json.GetTypeInfo(typeof(StockEvent))!).Write(reserved, written);
        Encoding.UTF8.GetString(written.WrittenSpan).ShouldBe(JsonSerializer.Serialize(reserved, typeof(StockEvent), StockState.Json));
    }

    [Fact]
    public void What_older_software_does_not_tell_is_empty_and_not_missing()
    {
        var cart = new Carts.CartView(new CartId("c"), Carts.CartStatus.Open, null, new Currency("EUR"), [], [], Money.Zero(new Currency("EUR")), DateTimeOffset.UnixEpoch, null, 1) { Discounts = default };
        cart.Discounts.IsDefault.ShouldBeFalse();
        new Dashboard.GrainReport("G", 1, new Dashboard.CallTimes(null, null, null), []) { Keys = default }.Keys.IsDefault.ShouldBeFalse();
    }

    [Theory]
    [InlineData("order/0198f6-1", 2, 0)]
    [InlineData("views/a:b:3", long.MaxValue, int.MaxValue)]
    public void Ids_of_events_are_texts_in_json_and_come_back_as_they_were(string grain, long version, int number)
    {
        var id = new Events.EventId(grain, version, number);
        string json = new Events.ProductDeleted("p") { EventId = id, Timestamp = DateTimeOffset.UnixEpoch }.ToJson();
        json.ShouldContain($"\"eventId\":\"{grain}:{version}:{number}\"");
        JsonSerializer.Deserialize(json, Events.ShopEventJson.Default.ShopEvent)!.EventId.ShouldBe(id);
    }

    [Theory]
    [InlineData("")]
    [InlineData(":1:2")]
    [InlineData("order/a:1")]
    [InlineData("order/a:-1:2")]
    [InlineData("order/a:1:2x")]
    public void What_is_no_id_of_an_event_is_refused(string text) => Should.Throw<FormatException>(() => Events.EventId.Parse(text));

    [Fact]
    public void Money_never_mixes_currencies_and_never_overflows()
    {
        Should.Throw<InvalidOperationException>(() => new Money(1, new Currency("EUR")) + new Money(1, new Currency("USD")));
        Should.Throw<OverflowException>(() => new Money(long.MaxValue, new Currency("EUR")) + new Money(1, new Currency("EUR")));
    }

    [Fact]
    public void Percentages_add_up_to_within_a_cent() =>
        Prop.ForAll(Gen.Choose(0, 1_000_000).ToArbitrary(), Gen.Choose(1, 10_000).ToArbitrary(), (minor, points) =>
        {
            Money money = new(minor, new Currency("EUR"));
            long off = money.BasisPoints(points).Minor;
            return off >= 0 && off <= minor && Math.Abs(off - (minor * (points / 10_000m))) <= 0.5m;
        }).QuickCheckThrowOnFailure();
}
