using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using Shop.Gateway.Access;

namespace Shop.Gateway.Http;

/// <summary>What tells a retry from another request under the same idempotency key, and the ids that follow from the key.</summary>
public static class RequestFingerprint
{
    private const int KeyLengthMax = 255;

    // Printable ASCII, but for the comma, which is what joins two headers of one name.
    private static readonly SearchValues<char> KeyLetters = SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c).Where(c => c != ',')]);

    /// <summary>The idempotency key of the request; null when it has none.</summary>
    /// <exception cref="ProblemException">There are two, or it is not a key.</exception>
    public static string? IdempotencyKey(this HttpContext context)
    {
        Microsoft.Extensions.Primitives.StringValues values = context.Request.Headers["Idempotency-Key"];
        if (values.Count == 0) return null;
        if (values.Count > 1) throw Problems.Bad("Idempotency-Key", "is there more than once");
        string key = values[0] ?? "";
        if (key.Length is 0 or > KeyLengthMax || key.AsSpan().ContainsAnyExcept(KeyLetters))
            throw Problems.Bad("Idempotency-Key", $"must be 1 to {KeyLengthMax} printable ASCII characters without a comma, once");
        return key;
    }

    /// <summary>The body of the request, read once.</summary>
    public static async ValueTask<byte[]> BodyAsync(this HttpContext context)
    {
        RequestFeature known = RequestFeature.Of(context);
        return known.Body ??= await ReadAsync(context.Request, context.RequestAborted);
    }

    /// <summary>The method, the path, the query and the body of the request as a hash. The body has to be read before.</summary>
    public static string Fingerprint(this HttpContext context)
    {
        HttpRequest request = context.Request;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method}\n{request.Path.Value?.TrimEnd('/')}\n{request.QueryString.Value}\n"));
        if (RequestFeature.Of(context).Body is { } body) hash.AppendData(body);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>
    /// An id for what this request makes. With an idempotency key it follows from caller and key, so that a retry makes the
    /// same thing; without one it is new.
    /// </summary>
    public static string NewId(this HttpContext context, string purpose)
    {
        if (context.IdempotencyKey() is not { } key) return Guid.CreateVersion7(context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow()).ToString();
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        TextHash.Write($"{context.Principal().Id}\n{purpose}\n{key}", hash);
        // A UUID of version 8: the bits are ours.
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true).ToString();
    }

    private static async ValueTask<byte[]> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (request.ContentLength is { } length and <= 64 * 1024)
        {
            if (length == 0) return [];
            ReadResult read = await request.BodyReader.ReadAtLeastAsync((int)length, cancellation);
            if (read.Buffer.Length < length) throw new EndOfStreamException();
            byte[] exact = read.Buffer.ToArray();
            request.BodyReader.AdvanceTo(read.Buffer.End);
            return exact;
        }

        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, cancellation);
        return buffer.ToArray();
    }
}
