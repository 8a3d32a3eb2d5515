using System.Text.Json.Nodes;
using Shop.Events;
using Shop.Gateway.Events;

namespace Shop.Gateway.Tests;

public sealed class EventSchemaTests
{
    public static IEnumerable<object[]> Types => EventSchema.Types.Select(t => new object[] { t });

    public static IReadOnlyList<string> Violations(string type, JsonNode data) => EventSchema.Of(type).ShouldNotBeNull($"{type} has no schema").Violations(data);

    [Theory, MemberData(nameof(Types))]
    public void A_schema_has_changed_only_in_ways_that_readers_do_not_notice(string type)
    {
        string released = File.ReadAllText(Path.Combine(Repository.Root, "docs", "events", "released", $"{type}.v1.schema.json"));
        EventSchema.Of(type)!.BreaksSince(EventSchema.Parse(released)).ShouldBeEmpty();
    }

    [Fact]
    public void Every_event_has_a_schema_and_every_released_schema_is_still_there()
    {
        string[] events = [.. typeof(ShopEvent).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(ShopEvent))).Select(t => t.Name).Order(StringComparer.Ordinal)];
        EventSchema.Types.ShouldBe(events);
        Directory.GetFiles(Path.Combine(Repository.Root, "docs", "events", "released")).Select(f => Path.GetFileName(f).Split('.')[0]).Order(StringComparer.Ordinal).ShouldBe(events);
    }

    [Theory]
    [InlineData("""{"type":"object","required":["a"],"properties":{"a":{"type":"string"}}}""", """{"type":"object","required":["a"],"properties":{"a":{"type":"string"},"b":{"type":"string"}}}""", 0)]
    [InlineData("""{"type":"object","required":["a"],"properties":{"a":{"type":"string"}}}""", """{"type":"object","required":[],"properties":{"a":{"type":"string"}}}""", 1)]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string"}}}""", """{"type":"object","properties":{}}""", 1)]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string"}}}""", """{"type":"object","properties":{"a":{"type":"integer"}}}""", 1)]
    [InlineData("""{"type":"array","items":{"type":"object","required":["a"]}}""", """{"type":"array","items":{"type":"object"}}""", 1)]
    public void Changes_that_readers_notice_are_found(string earlier, string now, int breaks) =>
        EventSchema.Parse(now).BreaksSince(EventSchema.Parse(earlier)).Count.ShouldBe(breaks);

    [Theory]
    [InlineData("""{"eventId":"x","eventType":"OrderPaid","timestamp":"2026-01-01T00:00:00Z","orderId":"o","amount":1.5,"currency":"EUR"}""", 0)]
    [InlineData("""{"eventId":"x","eventType":"OrderPaid","timestamp":"2026-01-01T00:00:00Z","orderId":"o","amount":"1.5","currency":"eur"}""", 2)]
    [InlineData("""{"eventId":"","eventType":"Other","timestamp":"yesterday","orderId":"o","amount":1}""", 4)]
    [InlineData("[]", 1)]
    public void What_does_not_keep_the_schema_is_found(string data, int violations) => Violations("OrderPaid", JsonNode.Parse(data)!).Count.ShouldBe(violations);
}
