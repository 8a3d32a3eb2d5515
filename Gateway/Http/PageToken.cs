using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Shop.Hosting;

namespace Shop.Gateway.Http;

/// <summary>Where a listing goes on, signed together with its query, so that a token fits only the query that it came from.</summary>
public sealed class PageToken(IOptions<ShopOptions> options)
{
    private const int MacLength = 16;
    private readonly byte[] _key = SHA256.HashData(Encoding.UTF8.GetBytes("page-token\n" + options.Value.SecretKey));

    /// <summary>A token to go on after a place.</summary>
    public string Make(string query, string after)
    {
        byte[] place = Encoding.UTF8.GetBytes(after);
        return Base64Url.EncodeToString([.. Mac(query, place), .. place]);
    }

    /// <summary>The place of a token.</summary>
    /// <exception cref="ProblemException">It was tampered with or is another query's.</exception>
    public string? Read(string query, string? token)
    {
        if (token is null) return null;
        byte[] bytes = [];
        if (token.Length <= 512 && Base64Url.IsValid(token)) bytes = Base64Url.DecodeFromChars(token);
        if (bytes.Length <= MacLength || !CryptographicOperations.FixedTimeEquals(bytes.AsSpan(0, MacLength), Mac(query, bytes[MacLength..])))
            throw Problems.Bad("pageToken", "is not a token of this query");
        return Encoding.UTF8.GetString(bytes.AsSpan(MacLength));
    }

    private byte[] Mac(string query, byte[] place) => HMACSHA256.HashData(_key, (byte[])[.. Encoding.UTF8.GetBytes(query), 0, .. place])[..MacLength];
}
