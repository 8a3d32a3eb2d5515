using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Shop.Hosting;

namespace Shop.Gateway.Http;

/// <summary>The pages and what they are made of; they are in the assembly, need no build of their own and name no other host.</summary>
internal static class Pages
{
    private const string Prefix = "pages/";

    // Nothing but what this host serves runs or is shown, and nobody puts a page into a frame.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    // What the address says, the page's script reads.
    private static readonly (string Page, string[] Paths)[] Paths =
    [
        ("store.html", ["/", "/products/{id}", "/cart", "/checkout", "/orders", "/orders/{id}", "/sales/{id}"]),
        ("admin.html", ["/admin", "/admin/{part}", "/admin/{part}/{id}"]),
        ("dashboard.html", ["/dashboard", "/dashboard/silos/{silo}", "/dashboard/grains/{grain}"]),
    ];

    private static readonly Dictionary<string, (byte[] Bytes, string ETag)> Files = typeof(Pages).Assembly.GetManifestResourceNames()
        .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).ToDictionary(n => n[Prefix.Length..], Load, StringComparer.Ordinal);

    public static void MapPages(this WebApplication app)
    {
        foreach ((string page, string[] paths) in Paths)
            foreach (string path in paths) app.MapGet(path, (HttpContext context) => Send(context, page)).ExcludeFromDescription();
        ShopOptions shop = app.Services.GetRequiredService<IOptions<ShopOptions>>().Value;
        // The key is for storefronts to show: it opens sessions and sees what everybody may see.
        var storefront = new StorefrontReply(shop.PublishableKey, shop.DefaultCurrency, [.. shop.CurrencyCodes]);
        app.MapGet("/storefront.json", () => Reply.Ok(storefront)).ExcludeFromDescription();
        app.MapGet("/assets/{file}", (HttpContext context, string file) => Send(context, file)).ExcludeFromDescription();
    }

    private static IResult Send(HttpContext context, string file)
    {
        if (!Files.TryGetValue(file, out (byte[] Bytes, string ETag) found)) return Problems.NotFound("page");
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-cache";
        return TypedResults.Bytes(found.Bytes, TypeOf(file), entityTag: new Microsoft.Net.Http.Headers.EntityTagHeaderValue(found.ETag));
    }

    private static (byte[] Bytes, string ETag) Load(string resource)
    {
        using var buffer = new MemoryStream();
        using (Stream stream = typeof(Pages).Assembly.GetManifestResourceStream(resource)!) stream.CopyTo(buffer);
        byte[] bytes = buffer.ToArray();
        return (bytes, $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}\"");
    }

    private static string TypeOf(string file) => Path.GetExtension(file) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
}
