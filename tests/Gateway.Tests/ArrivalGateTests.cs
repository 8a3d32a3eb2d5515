using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Shop.Gateway.Admission;

namespace Shop.Gateway.Tests;

/// <summary>New connections wait for those that are in.</summary>
public sealed class ArrivalGateTests : IAsyncDisposable
{
    private readonly ManualClock _clock = new();
    private readonly Door _door = new();
    private long _behind;

    [Fact]
    public async Task Arrivals_come_in_at_once_while_work_gets_on()
    {
        IConnectionListener listener = await BindAsync();
        _behind = ArrivalGate.BehindMax;
        (await listener.AcceptAsync()).ShouldBe(_door.Arrival);
    }

    [Fact]
    public async Task Arrivals_wait_until_what_is_inside_gets_on()
    {
        IConnectionListener listener = await BindAsync();
        _behind = ArrivalGate.BehindMax + 1;
        Task<ConnectionContext?> accepted = listener.AcceptAsync().AsTask();
        await LooksAsync(ArrivalGate.LooksMax / 2);
        _door.Accepted.ShouldBe(0);
        _behind = 0;
        await LooksAsync(1);
        (await accepted.WaitAsync(TimeSpan.FromSeconds(10))).ShouldBe(_door.Arrival);
    }

    [Fact]
    public async Task An_arrival_comes_in_after_a_while_although_nothing_gets_on()
    {
        IConnectionListener listener = await BindAsync();
        _behind = long.MaxValue;
        Task<ConnectionContext?> accepted = listener.AcceptAsync().AsTask();
        await LooksAsync(ArrivalGate.LooksMax - 1);
        _door.Accepted.ShouldBe(0);
        await LooksAsync(1);
        (await accepted.WaitAsync(TimeSpan.FromSeconds(10))).ShouldBe(_door.Arrival);
    }

    [Theory, SqliteStore]
    public async Task A_shop_whose_threads_are_all_behind_still_answers_new_connections(string kind)
    {
        await using ShopHost shop = await ShopHost.StartAsync(kind);
        shop.Services.GetServices<IConnectionListenerFactory>().Last().ShouldBeOfType<ArrivalGate>();
        bool over = false;
        void Work(object? _)
        {
            Thread.SpinWait(1_000);
            if (!Volatile.Read(ref over)) ThreadPool.UnsafeQueueUserWorkItem(Work, null);
        }

        for (int i = 0; i < 4 * ArrivalGate.BehindMax; i++) ThreadPool.UnsafeQueueUserWorkItem(Work, null);
        try
        {
            using var http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero }) { BaseAddress = shop.Address, Timeout = TimeSpan.FromSeconds(30) };
            for (int i = 0; i < 5; i++) (await http.GetStringAsync(new Uri("/health/live", UriKind.Relative))).ShouldBe("live");
            ThreadPool.PendingWorkItemCount.ShouldBeGreaterThan(ArrivalGate.BehindMax);
        }
        finally
        {
            Volatile.Write(ref over, true);
        }
    }

    public ValueTask DisposeAsync() => _door.DisposeAsync();

    private ValueTask<IConnectionListener> BindAsync() => new ArrivalGate(_door, () => Volatile.Read(ref _behind), _clock).BindAsync(new IPEndPoint(IPAddress.Loopback, 0));

    // Each time it looks, and waits for the next time, before the clock goes on.
    private async Task LooksAsync(int times)
    {
        for (int i = 0; i < times; i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Delay(20);
        }
    }

    private sealed class Door : IConnectionListenerFactory, IConnectionListener
    {
        public ConnectionContext Arrival { get; } = new DefaultConnectionContext();

        public int Accepted { get; private set; }

        public EndPoint EndPoint => new IPEndPoint(IPAddress.Loopback, 0);

        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => ValueTask.FromResult<IConnectionListener>(this);

        public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            Accepted++;
            return ValueTask.FromResult<ConnectionContext?>(Arrival);
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
