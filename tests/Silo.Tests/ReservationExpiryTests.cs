using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Shop.Journaling;
using Shop.Stock;
using Shop.Testing;
using static Shop.Silo.Tests.Checkouts;

namespace Shop.Silo.Tests;

/// <summary>Units that were held and not bought are free again, whoever holds the stock by then and whether or not anybody asks.</summary>
public sealed class ReservationExpiryTests
{
    // More than a snapshot has, which is made every hundred events.
    private const int Sold = 80;

    [Theory, SqliteStore, PostgreSqlStore]
    public async Task What_was_held_expires_at_another_silo_that_has_the_stock_from_the_journal(string kind)
    {
        using StorePlace place = await StorePlace.CreateAsync(kind);
        var held = new ReservationId("held");
        await using (ShopCluster first = await ShopCluster.StartAsync(place))
        {
            IStockGrain stock = first.Grains.GetGrain<IStockGrain>(LastOne);
            await stock.Receive(new ReceiveStock(Sold + 1, "r"));
            for (int i = 0; i < Sold; i++)
            {
                var bought = new ReservationId($"bought-{i}");
                await stock.Reserve(new ReserveStock(bought, 1, TimeSpan.FromMinutes(1), null));
                await stock.Confirm(bought);
            }

            await stock.Reserve(new ReserveStock(held, 1, TimeSpan.FromMinutes(10), null));
        }

        var clock = new ShiftedClock();
        await using ShopCluster second = await ShopCluster.StartAsync(place, services => services.AddSingleton<TimeProvider>(clock));
        // However long the start took, there is time to see that it is held.
        clock.Advance((await HeldUntil(second)) - clock.GetUtcNow() - TimeSpan.FromSeconds(5));
        IStockGrain same = second.Grains.GetGrain<IStockGrain>(LastOne);
        ((StockAnswer.Done)await same.Get()).Level.Reserved.ShouldBe(1);
        // Nobody asks the stock any more; the journal tells.
        for (int i = 0; i < 300 && (await LastEvents(second)) != "expired"; i++) await Task.Delay(100);
        (await LastEvents(second)).ShouldBe("expired");
        StockLevel level = ((StockAnswer.Done)await same.Get()).Level;
        (level.Sold, level.Reserved, level.OnHand).ShouldBe((Sold, 0, 1));
        // What ended is still known.
        (await same.Confirm(held)).ShouldBe(new StockAnswer.ReservationClosed(held, ReservationStatus.Expired));
        (await same.Confirm(new ReservationId("bought-0"))).ShouldBe(new StockAnswer.Confirmed(new ReservationId("bought-0")));
    }

    private static async Task<DateTimeOffset> HeldUntil(ShopCluster shop) =>
        JsonDocument.Parse((await LastCommit(shop)).Events).RootElement[0].GetProperty("expiresAt").GetDateTimeOffset();

    private static async Task<string> LastEvents(ShopCluster shop) => (await EventsOf(shop, $"stock/{LastOne}", (await LastCommit(shop)).Version - 1))[^1];

    private static async Task<JournalCommit> LastCommit(ShopCluster shop) => (await shop.Store.ReadTailAsync($"stock/{LastOne}", 1, default))[^1];
}
