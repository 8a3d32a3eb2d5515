using System.Text.Json;

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
