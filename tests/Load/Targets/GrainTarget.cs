using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Shop.Carts;
using Shop.Catalog;
using Shop.Hosting;
using Shop.Orders;
using Shop.Stock;

namespace Shop.Load.Targets;

/// <summary>A shop in this process whose grains are called directly, without HTTP.</summary>
public sealed class GrainTarget : IShopTarget
{
    private static readonly Currency Euro = Currency.Parse("EUR");
    private readonly IHost _host;
    private readonly IGrainFactory _grains;
    private Reference? _stock;

    private GrainTarget(IHost host) => (_host, _grains) = (host, host.Services.GetRequiredService<IGrainFactory>());

    /// <inheritdoc/>
    public string Name => "in-process";

    /// <inheritdoc/>
    public long? WorkingSet => Environment.WorkingSet;

    /// <summary>Starts the shop of some settings.</summary>
    public static async Task<GrainTarget> StartAsync(IEnumerable<KeyValuePair<string, string?>> settings)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Logging.SetMinimumLevel(LogLevel.Error).AddConsole();
        builder.AddShopSilo();
        IHost host = builder.Build();
        await host.StartAsync();
        return new GrainTarget(host);
    }

    /// <inheritdoc/>
    public async Task PrepareAsync(string sku, long units)
    {
        var content = new ProductContent($"Load test {sku}", "", [], [new Variant(new Sku(sku), "", [new Money(100, Euro)])], [], true);
        await _grains.GetGrain<IProductGrain>($"p-{sku}").Save(new SaveProduct(content, SaveMode.Upsert, null));
        for (; units > 0; units -= Limits.QuantityMax)
            await _grains.GetGrain<IStockGrain>(sku).Receive(new ReceiveStock((int)Math.Min(units, Limits.QuantityMax), Guid.NewGuid().ToString("N")));
    }

    /// <inheritdoc/>
    public async Task<Outcome> ReserveAsync(string sku, string key) =>
        await Stock(sku).Reserve(new ReserveStock(new ReservationId(key), 1, TimeSpan.FromHours(1), null)) is StockAnswer.Reserved ? Outcome.Done : Outcome.Refused;

    /// <inheritdoc/>
    public async Task<Outcome> CheckoutAsync(IReadOnlyList<LoadLine> lines, string key)
    {
        var command = new PlaceOrder(
            key, null, null, null, [.. lines.Select(l => new LineRequest(new Sku(l.Sku), l.Quantity, null))], [], Euro, new Contact(null, null), "card", "tok_approve");
        return await _grains.GetGrain<IOrderGrain>(key).PlaceAsync(command) is OrderAnswer.Ok { Order.Status: OrderStatus.Placed } ? Outcome.Done : Outcome.Refused;
    }

    /// <summary>Opens a cart and puts a unit into it.</summary>
    public async Task FillCartAsync(string cart, string sku)
    {
        ICartGrain grain = _grains.GetGrain<ICartGrain>(cart);
        await grain.Create(new CreateCart(cart, null, Euro));
        if (await grain.SetLine(Caller.Admin, new Sku(sku), 1, null) is not CartAnswer.Ok) throw new InvalidOperationException($"{cart} takes no {sku}.");
    }

    /// <summary>The units in a cart; null when there is none.</summary>
    public async Task<int?> UnitsOfCartAsync(string cart) =>
        await _grains.GetGrain<ICartGrain>(cart).Get(Caller.Admin) is CartAnswer.Ok ok ? ok.Cart.Lines.Sum(l => l.Quantity) : null;

    /// <inheritdoc/>
    public async Task<StockFigures?> StockAsync(string sku) =>
        await _grains.GetGrain<IStockGrain>(sku).Get() is StockAnswer.Done { Level: { } l } ? new StockFigures(l.Received, l.OnHand, l.Reserved, l.OnHand - l.Reserved, l.Sold) : null;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    // Who calls a grain again and again keeps the reference.
    private IStockGrain Stock(string sku)
    {
        Reference? known = _stock;
        if (known?.Sku != sku) _stock = known = new Reference(sku, _grains.GetGrain<IStockGrain>(sku));
        return known.Grain;
    }

    private sealed record Reference(string Sku, IStockGrain Grain);
}
