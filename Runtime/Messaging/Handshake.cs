using System.Security.Cryptography;
using System.Text;

namespace Orleans.Messaging;

/// <summary>
/// How two processes of one cluster recognize each other before anything else is read: each shows that it knows the shared
/// secret by a MAC over numbers that both have just drawn. Whoever does not know it learns nothing but a random number.
/// </summary>
internal static class Handshake
{
    private const byte Version = 1;
    private const int NonceLength = 32;
    private static readonly byte[] Magic = "SHOPMSG"u8.ToArray();

    /// <summary>The side that dialled.</summary>
    /// <exception cref="InvalidDataException">The other side is not of this cluster.</exception>
    public static async Task DialAsync(Stream stream, byte[] secret, CancellationToken cancellation)
    {
        byte[] mine = RandomNumberGenerator.GetBytes(NonceLength);
        await stream.WriteAsync((byte[])[.. Magic, Version, .. mine], cancellation);
        byte[] theirs = await ReadHelloAsync(stream, cancellation);
        await stream.WriteAsync(Proof(secret, "dials", mine, theirs), cancellation);
        await CheckAsync(stream, Proof(secret, "listens", mine, theirs), cancellation);
    }

    /// <summary>The side that listens.</summary>
    /// <exception cref="InvalidDataException">The other side is not of this cluster.</exception>
    public static async Task AcceptAsync(Stream stream, byte[] secret, CancellationToken cancellation)
    {
        byte[] theirs = await ReadHelloAsync(stream, cancellation);
        byte[] mine = RandomNumberGenerator.GetBytes(NonceLength);
        await stream.WriteAsync((byte[])[.. Magic, Version, .. mine], cancellation);
        await CheckAsync(stream, Proof(secret, "dials", theirs, mine), cancellation);
        await stream.WriteAsync(Proof(secret, "listens", theirs, mine), cancellation);
    }

    private static async Task<byte[]> ReadHelloAsync(Stream stream, CancellationToken cancellation)
    {
        byte[] hello = new byte[Magic.Length + 1 + NonceLength];
        await stream.ReadExactlyAsync(hello, cancellation);
        if (!hello.AsSpan(0, Magic.Length).SequenceEqual(Magic)) throw new InvalidDataException("The other side speaks another protocol.");
        if (hello[Magic.Length] != Version) throw new InvalidDataException($"The other side speaks version {hello[Magic.Length]} of the protocol; this one speaks {Version}.");
        return hello[^NonceLength..];
    }

    private static async Task CheckAsync(Stream stream, byte[] expected, CancellationToken cancellation)
    {
        byte[] proof = new byte[expected.Length];
        await stream.ReadExactlyAsync(proof, cancellation);
        if (!CryptographicOperations.FixedTimeEquals(proof, expected)) throw new InvalidDataException("The other side does not know the secret of the cluster.");
    }

    private static byte[] Proof(byte[] secret, string role, byte[] dialler, byte[] listener) =>
        HMACSHA256.HashData(secret, (byte[])[.. Encoding.ASCII.GetBytes(role), Version, .. dialler, .. listener]);
}
