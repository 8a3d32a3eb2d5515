using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Shop.Gateway.Admission;

/// <summary>
/// Lets new connections in only as fast as what is inside gets on. What sockets have to say goes before everything else in the runtime: when thousands
/// connect in a second, those who were let in, and what is worked on, would not have a turn for seconds. Who waits here waits in the system's queue of
/// arrivals and costs nothing.
/// </summary>
/// <param name="inner">Accepts the connections.</param>
/// <param name="behind">Pieces of work in this process that wait for a thread.</param>
/// <param name="clock">The time.</param>
public sealed class ArrivalGate(IConnectionListenerFactory inner, Func<long> behind, TimeProvider clock) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    /// <summary>So much may wait for a thread: requests that are worked on at full load leave up to 200 there. With more, arrivals wait.</summary>
    public const int BehindMax = 256;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(1);

    /// <summary>How often it looks before it lets a connection in although nothing gets on: it may be an operator's, or ask how the shop is.</summary>
    public const int LooksMax = 30;

    /// <inheritdoc/>
    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new Listener(await inner.BindAsync(endpoint, cancellationToken), behind, clock);

    /// <inheritdoc/>
    public bool CanBind(EndPoint endpoint) => inner is not IConnectionListenerFactorySelector selector || selector.CanBind(endpoint);

    private sealed class Listener(IConnectionListener inner, Func<long> behind, TimeProvider clock) : IConnectionListener
    {
        public EndPoint EndPoint => inner.EndPoint;

        public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            behind() <= BehindMax ? inner.AcceptAsync(cancellationToken) : AcceptLaterAsync(cancellationToken);

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => inner.UnbindAsync(cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();

        private async ValueTask<ConnectionContext?> AcceptLaterAsync(CancellationToken cancellation)
        {
            for (int look = 0; look < LooksMax && behind() > BehindMax; look++) await Task.Delay(LookEvery, clock, cancellation);
            return await inner.AcceptAsync(cancellation);
        }
    }
}
