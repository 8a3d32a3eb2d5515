using Orleans.Runtime.Providers;

namespace Shop.Engine;

/// <summary>How long a consumer that failed is left alone: shortly at first, ten seconds at most, and never all at the same moment.</summary>
internal sealed class DeliveryBackoff : IMessageDeliveryBackoffProvider
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100), Longest = TimeSpan.FromSeconds(10);
    private const int DoublingsMax = 7;

    public TimeSpan Next(int attempt) =>
        TimeSpan.FromTicks(Math.Min(Longest.Ticks, Shortest.Ticks << Math.Clamp(attempt, 0, DoublingsMax))) * (0.5 + Random.Shared.NextDouble());
}
