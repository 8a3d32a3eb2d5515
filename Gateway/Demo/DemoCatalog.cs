using Microsoft.Extensions.Options;
using Shop.Catalog;
using Shop.Hosting;
using Shop.Stock;

namespace Shop.Gateway.Demo;

/// <summary>Puts a small catalogue into an empty shop, so that there is something to buy.</summary>
internal sealed partial class DemoCatalog(IGrainFactory grains, IOptions<ShopOptions> options, IHostEnvironment environment, IHostApplicationLifetime lifetime, ILogger<DemoCatalog> log)
    : BackgroundService
{
    private static readonly (string Id, string Title, string Description, string Category, (string Sku, string Title, long Cents, int Units)[] Variants)[] Products =
    [
        ("kettle-heron", "Heron pour-over kettle", "A slow, thin, steady stream. Brushed steel, 0.9 l.", "kitchen", [("KETTLE-STEEL", "Steel", 6_900, 120), ("KETTLE-BLACK", "Black", 7_400, 80)]),
        ("mug-tern", "Tern mug", "Stoneware with a thumb rest, fired twice.", "kitchen", [("MUG-SAND", "Sand", 1_450, 400), ("MUG-SLATE", "Slate", 1_450, 400)]),
        ("board-ash", "Ash chopping board", "End grain, oiled, with a groove that keeps the juice.", "kitchen", [("BOARD-ASH", "", 4_200, 150)]),
        ("lamp-lantern", "Lantern desk lamp", "Warm at night, cool by day, and it remembers which.", "study", [("LAMP-BRASS", "Brass", 11_900, 60), ("LAMP-WHITE", "White", 10_900, 60)]),
        ("notebook-field", "Field notebook", "192 dotted pages that lie flat.", "study", [("NOTE-GREEN", "Green", 990, 900), ("NOTE-RUST", "Rust", 990, 900)]),
        ("pen-quill", "Quill fountain pen", "A forgiving medium nib.", "study", [("PEN-MEDIUM", "Medium", 3_800, 200)]),
        ("blanket-moor", "Moor wool blanket", "130 × 180 cm of lambswool in the colours of October.", "home", [("BLANKET-HEATHER", "Heather", 8_900, 70), ("BLANKET-PEAT", "Peat", 8_900, 70)]),
        ("candle-cedar", "Cedar candle", "Forty hours of a cabin in the rain.", "home", [("CANDLE-CEDAR", "", 1_900, 500)]),
        ("bag-rook", "Rook day bag", "Waxed canvas, 18 l, a pocket for everything that matters.", "travel", [("BAG-OLIVE", "Olive", 9_900, 90), ("BAG-COAL", "Coal", 9_900, 90)]),
        ("drop-aurora", "Aurora print, first edition", "Fifty prints, one for each buyer. The thing that everyone clicks at once.", "drops", [("AURORA-1", "", 4_900, 50)]),
    ];

    // Prices are chosen, not converted: a tenth more, ending in 90.
    private static long InDollars(long cents) => (cents + (cents / 10) + 99) / 100 * 100 - 10;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!(options.Value.Demo ?? environment.IsDevelopment())) return;
        // Once the server answers: the catalogue must not hold up the start.
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = lifetime.ApplicationStarted.Register(() => started.TrySetResult());
        await started.Task.WaitAsync(stoppingToken);
        try
        {
            if (await grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key).Count() > 0) return;
            foreach ((string id, string title, string description, string category, (string Sku, string Title, long Cents, int Units)[] variants) in Products)
            {
                foreach ((string sku, _, _, int units) in variants) await grains.GetGrain<IStockGrain>(sku).Receive(new ReceiveStock(units, "demo-opening-stock"));
                var content = new ProductContent(title, description, [category], [.. variants.Select(v => new Variant(new Sku(v.Sku), v.Title, [new Money(v.Cents, new Currency("EUR")), new Money(InDollars(v.Cents), new Currency("USD"))]))], [], true);
                await grains.GetGrain<IProductGrain>(id).Save(new SaveProduct(content, SaveMode.Create, null));
            }

            Filled(log, Products.Length);
        }
        catch (Exception e) when (e is not OutOfMemoryException && !stoppingToken.IsCancellationRequested)
        {
            Failed(log, e);
        }
    }

    [LoggerMessage(301, LogLevel.Information, "The shop was empty; it has {Count} demo products now. Shop:Demo=false keeps it empty")]
    private static partial void Filled(ILogger log, int count);

    [LoggerMessage(302, LogLevel.Warning, "The demo catalogue could not be put in")]
    private static partial void Failed(ILogger log, Exception error);
}
