using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Shouldly;

namespace Shop.Testing;

/// <summary>An answer of the gateway.</summary>
public sealed record Answer(HttpStatusCode Status, JsonNode? Json, HttpResponseHeaders Headers, string Text)
{
    public int Code => (int)Status;

    public JsonNode this[string name] => Json![name]!;

    public string Type => (string?)Json?["type"] ?? "";

    public Answer ShouldBe(int code)
    {
        Code.ShouldBe(code, Text);
        if (code >= 400)
        {
            Type.ShouldStartWith("urn:shop:problem:", customMessage: Text);
            ((string?)Json!["traceId"]).ShouldNotBeNullOrEmpty(Text);
            Text.ShouldNotContain("Exception");
            Text.ShouldNotContain("   at ");
        }

        return this;
    }
}

/// <summary>Speaks to a gateway as one caller.</summary>
public sealed class ShopClient(Uri address, string? key) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5), AllowAutoRedirect = false })
    {
        BaseAddress = address,
        Timeout = TimeSpan.FromSeconds(100),
    };

    public HttpClient Http => _http;

    public Task<Answer> Get(string path, params (string Name, string Value)[] headers) => Send(HttpMethod.Get, path, null, headers);

    /// <summary>Asks until the answer is as it should be, five seconds at the most: what follows from events comes a little later.</summary>
    public async Task<Answer> Until(string path, Func<Answer, bool> condition)
    {
        Answer answer = (await Get(path)).ShouldBe(200);
        for (int i = 0; i < 100 && !condition(answer); i++)
        {
            await Task.Delay(50);
            answer = (await Get(path)).ShouldBe(200);
        }

        condition(answer).ShouldBeTrue(answer.Text);
        return answer;
    }

    public Task<Answer> Delete(string path, params (string Name, string Value)[] headers) => Send(HttpMethod.Delete, path, null, headers);

    public Task<Answer> Post(string path, string? body = "{}", params (string Name, string Value)[] headers) => Send(HttpMethod.Post, path, body, headers);

    public Task<Answer> Put(string path, string body, params (string Name, string Value)[] headers) => Send(HttpMethod.Put, path, body, headers);

    public async Task<Answer> Send(HttpMethod method, string path, string? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (key is not null) request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + key);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        foreach ((string name, string value) in headers)
        {
            if (name == "Content-Type") request.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse(value);
            else request.Headers.TryAddWithoutValidation(name, value);
        }

        return await Send(request);
    }

    public async Task<Answer> Send(HttpRequestMessage request)
    {
        using HttpResponseMessage response = await _http.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        JsonNode? json = response.Content.Headers.ContentType?.MediaType is "application/json" or "application/problem+json" ? JsonNode.Parse(text) : null;
        return new Answer(response.StatusCode, json, response.Headers, text);
    }

    /// <summary>A product with one SKU at a price in EUR, and units of it.</summary>
    public async Task Stock(string sku, int units, decimal price = 10m)
    {
        (await Put($"/v1/products/p-{sku}", ProductBody(sku, price))).ShouldBe(200);
        if (units > 0) (await Post($"/v1/stock/{sku}/receipts", $$"""{"quantity":{{units}},"reference":"opening"}""")).ShouldBe(201);
    }

    public async Task Price(string sku, decimal price) => (await Put($"/v1/products/p-{sku}", ProductBody(sku, price))).ShouldBe(200);

    public Task<Answer> Checkout(string sku, int quantity = 1, string token = "tok_approve", string? idempotencyKey = null, string more = "") =>
        Post("/v1/checkouts", CheckoutBody(sku, quantity, token, more), idempotencyKey is null ? [] : [("Idempotency-Key", idempotencyKey)]);

    public async Task<string> Cart(params (string Sku, int Quantity)[] lines)
    {
        string id = (string)(await Post("/v1/carts", """{"currency":"EUR"}""")).ShouldBe(201)["id"]!;
        foreach ((string sku, int quantity) in lines) (await Put($"/v1/carts/{id}/lines/{sku}", $$"""{"quantity":{{quantity}}}""")).ShouldBe(200);
        return id;
    }

    public Task<Answer> CheckoutCart(string cart, string token = "tok_approve", string? idempotencyKey = null, string more = "") => Post(
        $"/v1/carts/{cart}/checkout", $$"""{"email":"buyer@example.com","payment":{"method":"card","token":"{{token}}"}{{more}}}""",
        idempotencyKey is null ? [] : [("Idempotency-Key", idempotencyKey)]);

    public async Task<JsonNode> Level(string sku) => (await Get($"/v1/stock/{sku}")).ShouldBe(200).Json!;

    /// <summary>Conservation, as anybody can check it from outside.</summary>
    public async Task<JsonNode> CheckLevel(string sku, long sold, long onHand)
    {
        JsonNode level = await Level(sku);
        ((long)level["onHand"]!).ShouldBe((long)level["received"]! + (long)level["adjusted"]! - (long)level["sold"]! + (long)level["returned"]!);
        ((long)level["available"]!).ShouldBe((long)level["onHand"]! - (long)level["reserved"]!);
        ((long)level["sold"]!).ShouldBe(sold);
        ((long)level["onHand"]!).ShouldBe(onHand);
        return level;
    }

    public static string CheckoutBody(string sku, int quantity, string token, string more = "") => $$"""
        {"lines":[{"sku":"{{sku}}","quantity":{{quantity}}}],"email":"buyer@example.com",
         "shippingAddress":{"name":"A. Buyer","line1":"1 Main Street","city":"Bath","postalCode":"BA1","country":"GB"},
         "payment":{"method":"card","token":"{{token}}"}{{more}}}
        """;

    public void Dispose() => _http.Dispose();

    private static string ProductBody(string sku, decimal price) => $$"""
        {"title":"Product {{sku}}","variants":[{"sku":"{{sku}}","prices":[{"amount":{{price.ToString(System.Globalization.CultureInfo.InvariantCulture)}},"currency":"EUR"}]}]}
        """;
}
