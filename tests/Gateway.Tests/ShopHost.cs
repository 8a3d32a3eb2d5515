using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shop.Gateway;

namespace Shop.Gateway.Tests;

/// <summary>A whole shop behind real sockets in this process.</summary>
public sealed class ShopHost : IAsyncDisposable
{
    public const string SecretKey = "sk_test_0123456789abcdef0123456789";
    public const string PublishableKey = "pk_test_0123456789abcdef0123456789";
    public const string CallbackSecret = "whsec_test_0123456789abcdef";

    private static readonly Dictionary<string, Task<ShopHost>> Shared = [];
    private readonly WebApplication _app;

    private ShopHost(WebApplication app, StorePlace place)
    {
        _app = app;
        Place = place;
        Address = new Uri(app.Urls.First());
        Admin = new ShopClient(Address, SecretKey);
    }

    public StorePlace Place { get; }

    public Uri Address { get; }

    public ShopClient Admin { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>A shop that tests share; each test has SKUs of its own.</summary>
    public static Task<ShopHost> SharedAsync(string kind)
    {
        lock (Shared)
        {
            if (!Shared.TryGetValue(kind, out Task<ShopHost>? host)) Shared[kind] = host = StartAsync(kind);
            return host;
        }
    }

    /// <summary>A SKU that no other test has.</summary>
    public static string NewSku() => "T" + Guid.NewGuid().ToString("N")[..12];

    /// <summary>A new product with so many units in a shop that tests share, and who may do everything there.</summary>
    public static async Task<(ShopClient Shop, string Sku)> ProductAsync(int units = 5, decimal price = 10m)
    {
        ShopHost host = await SharedAsync("Sqlite");
        string sku = NewSku();
        await host.Admin.Stock(sku, units, price);
        return (host.Admin, sku);
    }

    public static async Task<ShopHost> StartAsync(string kind, params (string Name, string Value)[] settings) =>
        await StartAsync(await StorePlace.CreateAsync(kind), null, settings);

    public static async Task<ShopHost> StartAsync(StorePlace place, TimeProvider? clock, params (string Name, string Value)[] settings)
    {
        WebApplication app = ShopGateway.Build([], builder =>
        {
            builder.Logging.ClearProviders();
            builder.Environment.EnvironmentName = "Production";
            builder.Configuration.AddInMemoryCollection([
                .. place.Settings,
                new("Shop:SecretKey", SecretKey), new("Shop:PublishableKey", PublishableKey), new("Shop:CallbackSecret", CallbackSecret),
                new("Shop:PaymentTimeout", "00:00:00.300"), new("Shop:PaymentWindow", "00:00:08"), new("urls", "http://127.0.0.1:0"),
                .. settings.Select(s => new KeyValuePair<string, string?>(s.Name, s.Value))]);
            if (clock is not null) builder.Services.AddSingleton(clock);
        });
        await app.StartAsync();
        return new ShopHost(app, place);
    }

    /// <summary>A storefront's visitor.</summary>
    public async Task<ShopClient> Visitor()
    {
        using var storefront = new ShopClient(Address, PublishableKey);
        return new ShopClient(Address, (string)(await storefront.Post("/v1/sessions")).ShouldBe(201)["token"]!);
    }

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        Place.Dispose();
    }
}
