using Shop.Orders;

namespace Shop.Grains.Tests;

/// <summary>What a silo remembers of the orders that it met.</summary>
public sealed class RecentOrdersTests
{
    [Fact]
    public void It_remembers_the_last_half_million_takes_few_others_for_them_and_forgets_those_of_long_ago()
    {
        var recent = new RecentOrders();
        OrderId[] orders = [.. Enumerable.Range(0, 2_000_000).Select(_ => new OrderId(Guid.NewGuid().ToString()))];
        orders.Count(recent.MayHave).ShouldBe(0);
        for (int i = 0; i < orders.Length; i++)
        {
            recent.Add(orders[i]);
            recent.Add(orders[i]);
        }

        orders[^500_000..].ShouldAllBe(o => recent.MayHave(o));
        orders[..900_000].Count(recent.MayHave).ShouldBeLessThan(9_000);
    }
}
