using System.Security.Cryptography;
using System.Text;

namespace Shop.Gateway.Http;

/// <summary>SHA-256 of texts in UTF-8.</summary>
internal static class TextHash
{
    private const int BytesOnStack = 512;

    /// <summary>Writes the hash of a text, <see cref="SHA256.HashSizeInBytes"/> long.</summary>
    public static void Write(ReadOnlySpan<char> text, Span<byte> hash)
    {
        int most = Encoding.UTF8.GetMaxByteCount(text.Length);
        Span<byte> bytes = most <= BytesOnStack ? stackalloc byte[BytesOnStack] : new byte[most];
        SHA256.HashData(bytes[..Encoding.UTF8.GetBytes(text, bytes)], hash);
    }
}
