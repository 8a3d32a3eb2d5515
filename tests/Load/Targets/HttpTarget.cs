using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Shop.Load.Targets;

/// <summary>A shop behind its gateway.</summary>
public sealed class HttpTarget(Uri address, string key, Func<IEnumerable<int>>? processes = null, IAsyncDisposable? owned = null) : IShopTarget
{
    private const int UnitsAtOnceMax = 1_000_000;
    private readonly HttpConnections _http = new(address, key, TimeProvider.System);

    /// <inheritdoc/>
    public string Name => address.ToString();

    /// <inheritdoc/>
    public long? WorkingSet => processes?.Invoke().Sum(id =>
    {
        using var process = Process.GetProcessById(id);
        return process.WorkingSet64;
    });

    /// <inheritdoc/>
    public async Task PrepareAsync(string sku, long units)
    {
        await ExpectAsync("PUT", $"/v1/products/p-{sku}", $$"""{"title":"Load test {{sku}}","variants":[{"sku":"{{sku}}","prices":[{"amount":1,"currency":"EUR"}]}]}""");
        for (; units > 0; units -= UnitsAtOnceMax)
            await ExpectAsync("POST", $"/v1/stock/{sku}/receipts", $$"""{"quantity":{{Math.Min(units, UnitsAtOnceMax)}},"reference":"{{Guid.NewGuid():N}}"}""");
    }

    /// <inheritdoc/>
    public Task<Outcome> ReserveAsync(string sku, string key) =>
        _http.SendAsync("POST", $"/v1/stock/{sku}/reservations", """{"quantity":1,"ttlSeconds":3600}""", key, static a => Of(a.Status));

    /// <inheritdoc/>
    public Task<Outcome> CheckoutAsync(IReadOnlyList<LoadLine> lines, string key)
    {
        // Another request with the same key is still under way: that is no answer yet.
        return _http.SendAsync("POST", "/v1/checkouts", CheckoutBody(lines), key, static a => a.Status == 409 && a.Body.Span.IndexOf("request-in-progress"u8) >= 0 ? Outcome.Shed : Of(a.Status));
    }

    /// <inheritdoc/>
    public Task<StockFigures?> StockAsync(string sku) => _http.SendAsync("GET", $"/v1/stock/{sku}", null, null, static answer =>
    {
        if (answer.Status != 200) return null;
        using JsonDocument document = JsonDocument.Parse(answer.Body);
        long Of(string name) => document.RootElement.GetProperty(name).GetInt64();
        return new StockFigures(Of("received"), Of("onHand"), Of("reserved"), Of("available"), Of("sold"));
    });

    /// <summary>Sends a request and says how it ended.</summary>
    public Task<Outcome> SendAsync(string method, string path, string? body = null, string? idempotencyKey = null) =>
        _http.SendAsync(method, path, body, idempotencyKey, static a => Of(a.Status));

    /// <summary>Sends a request that has to succeed; the answer's body.</summary>
    /// <exception cref="IOException">It did not.</exception>
    public Task<string> ExpectAsync(string method, string path, string? body = null, string? token = null) => _http.SendAsync(
        method, path, body, null,
        answer => answer.Status is >= 200 and < 300
            ? Encoding.UTF8.GetString(answer.Body.Span)
            : throw new IOException($"{method} {path} was answered with {answer.Status}: {Encoding.UTF8.GetString(answer.Body.Span)}"),
        token);

    /// <summary>A visitor buys one unit with a ticket of a waiting room; the status of the answer.</summary>
    public Task<int> BuyAsync(string sku, string key, string token, string ticket) =>
        _http.SendAsync("POST", "/v1/checkouts", CheckoutBody([new LoadLine(sku, 1)]), key, static a => a.Status, token, ticket);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (owned is not null) await owned.DisposeAsync();
    }

    private static string CheckoutBody(IReadOnlyList<LoadLine> lines)
    {
        var body = new StringBuilder("{\"lines\":[", 256);
        foreach ((int i, LoadLine line) in lines.Index()) body.Append(CultureInfo.InvariantCulture, $"{(i > 0 ? "," : "")}{{\"sku\":\"{line.Sku}\",\"quantity\":{line.Quantity}}}");
        return body.Append("],\"email\":\"load@example.com\",\"payment\":{\"method\":\"card\",\"token\":\"tok_approve\"}}").ToString();
    }

    private static Outcome Of(int status) => status switch
    {
        >= 200 and < 300 => Outcome.Done,
        402 or 404 or 409 or 422 => Outcome.Refused,
        429 or 503 => Outcome.Shed,
        _ => Outcome.Failed,
    };
}
