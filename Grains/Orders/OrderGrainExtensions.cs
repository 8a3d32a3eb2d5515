namespace Shop.Orders;

/// <summary>Calls of orders that take more than one.</summary>
public static class OrderGrainExtensions
{
    /// <summary>Runs a checkout that is most likely a new one; the same command again gives the same answer.</summary>
    public static async Task<OrderAnswer> PlaceAsync(this IOrderGrain order, PlaceOrder command) =>
        await order.Place(command with { IsFirst = true }) is var answer and not OrderAnswer.Known ? answer : await order.Place(command);
}
