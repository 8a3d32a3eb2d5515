using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Shop.Hosting;

namespace Shop.Gateway.Http;

/// <summary>Texts that the gateway hands out and knows again. Every gateway with the same secret key knows them; a token is good for one purpose only.</summary>
public sealed class SignedToken(IOptions<ShopOptions> options)
{
    private const int MacLength = 16, LengthMax = 512;
    private readonly byte[] _key = SHA256.HashData(Encoding.UTF8.GetBytes("signed-token\n" + options.Value.SecretKey));

    /// <summary>A token that says a text to whoever reads it for the same purpose.</summary>
    public string Make(string purpose, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return Base64Url.EncodeToString([.. Mac(purpose, bytes), .. bytes]);
    }

    /// <summary>The text of a token; null when it was tampered with or is for another purpose.</summary>
    public string? Read(string purpose, string token)
    {
        byte[] bytes = [];
        if (token.Length <= LengthMax && Base64Url.IsValid(token)) bytes = Base64Url.DecodeFromChars(token);
        return bytes.Length > MacLength && CryptographicOperations.FixedTimeEquals(bytes.AsSpan(0, MacLength), Mac(purpose, bytes[MacLength..]))
            ? Encoding.UTF8.GetString(bytes.AsSpan(MacLength))
            : null;
    }

    private byte[] Mac(string purpose, byte[] text) => HMACSHA256.HashData(_key, (byte[])[.. Encoding.UTF8.GetBytes(purpose), 0, .. text])[..MacLength];
}
