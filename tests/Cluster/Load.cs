using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Shop.Cluster.Tests;

/// <summary>
/// Clients of a flash sale that never give up: they buy, reserve, give back and look, go to another gateway when one does not
/// answer, and repeat what was not answered with the same key.
/// </summary>
public sealed class Load : IAsyncDisposable
{
    // Most SKUs run out again and again; one never does, so that a time without a sale is a time without service.
    private const int FewUnits = 60, PlentyOfUnits = 1_000_000;
    /// <summary>What one unit of any SKU costs, in cents.</summary>
    public const long PriceInCents = 1_000;

    private static readonly TimeSpan PatienceMax = TimeSpan.FromSeconds(90);
    private readonly ShopClient[] _gateways;
    private readonly string[] _skus;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _clients;
    private int _errors;
    private string? _firstError;

    private Load(ShopClient[] gateways, string[] skus, int clients, int seed)
    {
        (_gateways, _skus) = (gateways, skus);
        _clients = [.. Enumerable.Range(0, clients).Select(c => Task.Run(() => ClientAsync(c, new Random(seed + c))))];
    }

    public History History { get; } = new();

    /// <summary>The orders that clients were told of, and whether they were told that they are placed.</summary>
    public ConcurrentQueue<(string Id, bool IsPlaced)> Orders { get; } = new();

    /// <summary>Answers that were no answer: a lost connection, 5xx, or "still running".</summary>
    public int Errors => Volatile.Read(ref _errors);

    /// <summary>What the first of them was.</summary>
    public string FirstError => _firstError ?? "none";

    public static async Task<Load> StartAsync(ShopCluster cluster, string run, int clients, int seed, int skus = 4)
    {
        ShopClient[] gateways = [.. cluster.Gateways.Select(g => new ShopClient(g.Process.Address, ShopCluster.SecretKey))];
        string[] names = [.. Enumerable.Range(0, skus).Select(i => $"{run}-{i}")];
        foreach (string sku in names) await gateways[0].Stock(sku, UnitsOf(names, sku), PriceInCents / 100m);
        return new Load(gateways, names, clients, seed);
    }

    public IReadOnlyList<string> Skus => _skus;

    /// <summary>What a SKU had to begin with.</summary>
    public int UnitsOf(string sku) => UnitsOf(_skus, sku);

    /// <summary>No new operations; completes when those under way have their answers.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach (ShopClient gateway in _gateways) gateway.Dispose();
    }

    private static int UnitsOf(string[] skus, string sku) => sku == skus[0] ? PlentyOfUnits : FewUnits;

    private async Task ClientAsync(int client, Random random)
    {
        var held = new Queue<(string Sku, string Reservation, int Units)>();
        for (int number = 0; !_stop.IsCancellationRequested; number++)
        {
            string sku = _skus[random.Next(_skus.Length)];
            string key = $"{sku}-{client}-{number}";
            int units = random.Next(1, 4);
            switch (random.Next(10))
            {
                case < 3:
                    await LookAsync(sku, random);
                    break;
                case < 5:
                    if (await ReserveAsync(sku, units, key, random) is { } reservation) held.Enqueue((sku, reservation, units));
                    break;
                case < 8 when held.TryDequeue(out (string Sku, string Reservation, int Units) mine):
                    await ReleaseAsync(mine.Sku, mine.Reservation, mine.Units, random);
                    break;
                default:
                    await BuyAsync(random.Next(2) == 0 ? sku : _skus[0], key, random);
                    break;
            }

            await Task.Delay(random.Next(5, 25));
        }
    }

    private async Task LookAsync(string sku, Random random)
    {
        long began = History.Now;
        // Looking has no key; each attempt is an operation of its own.
        Answer? answer = await TryAsync(shop => shop.Get($"/v1/stock/{sku}"), random);
        if (answer is { Code: 200 }) History.Add(sku, new Operation(Kind.Look, (int)answer["available"]!, began, History.Now, true));
    }

    private async Task<string?> ReserveAsync(string sku, int units, string key, Random random)
    {
        long began = History.Now;
        Answer? answer = await InsistAsync(
            shop => shop.Post($"/v1/stock/{sku}/reservations", $$"""{"quantity":{{units}},"ttlSeconds":86400}""", ("Idempotency-Key", key)),
            // Nothing runs out within a day, whatever the clocks of the silos say: every other 409 ends the run.
            a => a.Code == 201 || IsOutOfStock(a), random);
        History.Add(sku, new Operation(Kind.Take, units, began, answer is null ? long.MaxValue : History.Now, answer is null ? null : answer.Code == 201));
        return answer is { Code: 201 } ? (string)answer["reservationId"]! : null;
    }

    private async Task ReleaseAsync(string sku, string reservation, int units, Random random)
    {
        long began = History.Now;
        Answer? answer = await InsistAsync(shop => shop.Delete($"/v1/stock/{sku}/reservations/{reservation}"), a => a.Code is 204, random);
        History.Add(sku, new Operation(Kind.Give, units, began, answer is null ? long.MaxValue : History.Now, answer is null ? null : true));
    }

    private async Task BuyAsync(string sku, string key, Random random)
    {
        long began = History.Now;
        Answer? answer = await InsistAsync(shop => shop.Checkout(sku, idempotencyKey: key),
            a => (a.Code == 201 && (string)a["status"]! is "placed" or "cancelled") || a.Code is 409 or 402, random);
        if (answer is { Code: 201 }) Orders.Enqueue(((string)answer["id"]!, (string)answer["status"]! == "placed"));
        bool? sold = answer switch
        {
            null => null,
            { Code: 201 } when (string)answer["status"]! == "placed" => true,
            not null when IsOutOfStock(answer) => false,
            _ => null,
        };
        History.Add(sku, new Operation(Kind.Take, 1, began, sold is null ? long.MaxValue : History.Now, sold));
        // A checkout that was given up after it had taken its unit gave it back.
        if (sold is null && answer is not null) History.Add(sku, new Operation(Kind.Give, 1, began, long.MaxValue, null));
        if (sold == true) History.Sold();
    }

    private static bool IsOutOfStock(Answer answer) => answer.Code == 409 && answer.Type.EndsWith("out-of-stock", StringComparison.Ordinal);

    private async Task<Answer?> InsistAsync(Func<ShopClient, Task<Answer>> ask, Func<Answer, bool> isFinal, Random random)
    {
        long end = Environment.TickCount64 + (long)PatienceMax.TotalMilliseconds;
        for (int attempt = 0; Environment.TickCount64 < end; attempt++)
        {
            Answer? answer = await TryAsync(ask, random);
            if (answer is not null && !answer.Type.EndsWith("request-in-progress", StringComparison.Ordinal))
            {
                if (isFinal(answer)) return answer;
                if (answer.Code is >= 400 and < 500 and not 429) throw new InvalidOperationException($"The shop said {answer.Code}: {answer.Text}");
            }

            await Task.Delay(random.Next(20, 60 + Math.Min(attempt, 10) * 20));
        }

        return null;
    }

    private async Task<Answer?> TryAsync(Func<ShopClient, Task<Answer>> ask, Random random)
    {
        try
        {
            Answer answer = await ask(_gateways[random.Next(_gateways.Length)]);
            if (answer.Code == 500) throw new InvalidOperationException($"Whatever breaks, the shop says 503: {answer.Text}");
            if (answer.Code >= 500 || answer.Type.EndsWith("request-in-progress", StringComparison.Ordinal)) Failed($"{answer.Code} {answer.Text}");
            return answer.Code >= 500 ? null : answer;
        }
        catch (Exception e) when (e is HttpRequestException or SocketException or TaskCanceledException or IOException)
        {
            Failed(e.ToString());
            return null;
        }
    }

    private void Failed(string error)
    {
        if (Interlocked.Increment(ref _errors) == 1) _firstError = error;
    }
}
