using System.Buffers;
using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Shop.Load.Targets;

/// <summary>The status of an answer and its body, which is valid until the next request on the same connection.</summary>
public readonly record struct HttpAnswer(int Status, ReadOnlyMemory<byte> Body);

/// <summary>
/// HTTP/1.1 over kept connections, as little of it as a load test needs: the generator shares the processors with the shop, and
/// what it takes is missing there. Answers must say their length.
/// </summary>
public sealed class HttpConnections(Uri address, string key, TimeProvider clock) : IDisposable
{
    // Servers close what has been idle for a minute or two; a request on its way at that moment would be lost.
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(60), IdleAtMost = TimeSpan.FromSeconds(30);
    private readonly ConcurrentBag<Connection> _idle = [];
    private readonly string _host = $"Host: {address.Authority}\r\n";

    /// <summary>Sends a request; <paramref name="take"/> reads what it needs of the answer. A visitor comes with a token of its own and perhaps a ticket.</summary>
    public async Task<T> SendAsync<T>(string method, string path, string? body, string? idempotencyKey, Func<HttpAnswer, T> take, string? token = null, string? ticket = null)
    {
        var head = new StringBuilder(256).Append(method).Append(' ').Append(path).Append(" HTTP/1.1\r\n").Append(_host)
            .Append("Authorization: Bearer ").Append(token ?? key).Append("\r\n");
        if (ticket is not null) head.Append("Waiting-Room-Ticket: ").Append(ticket).Append("\r\n");
        if (idempotencyKey is not null) head.Append("Idempotency-Key: ").Append(idempotencyKey).Append("\r\n");
        if (body is not null) head.Append("Content-Type: application/json\r\nContent-Length: ").Append(Encoding.UTF8.GetByteCount(body)).Append("\r\n");
        byte[] request = Encoding.UTF8.GetBytes(head.Append("\r\n").Append(body).ToString());
        Connection? connection;
        while (_idle.TryTake(out connection) && clock.GetElapsedTime(connection.IdleSince) > IdleAtMost) connection.Dispose();
        connection ??= await Connection.OpenAsync(address);
        try
        {
            HttpAnswer answer = await connection.ExchangeAsync(request).WaitAsync(AnswerWithin);
            T taken = take(answer);
            connection.IdleSince = clock.GetTimestamp();
            if (connection.IsKept) _idle.Add(connection);
            else connection.Dispose();
            return taken;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_idle.TryTake(out Connection? connection)) connection.Dispose();
    }

    private sealed class Connection(Stream stream) : IDisposable
    {
        private byte[] _buffer = new byte[8 * 1024];

        /// <summary>Whether the other side takes another request.</summary>
        public bool IsKept { get; private set; } = true;

        /// <summary>When its last answer had come.</summary>
        public long IdleSince { get; set; }

        public static async Task<Connection> OpenAsync(Uri address)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(address.Host, address.Port);
                var stream = new NetworkStream(socket, ownsSocket: true);
                if (address.Scheme != Uri.UriSchemeHttps) return new Connection(stream);
                var secure = new SslStream(stream);
                await secure.AuthenticateAsClientAsync(address.Host);
                return new Connection(secure);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        public async Task<HttpAnswer> ExchangeAsync(ReadOnlyMemory<byte> request)
        {
            await stream.WriteAsync(request);
            int have = 0, head = -1, length = 0;
            while (head < 0 || have < head + length)
            {
                if (have == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
                int read = await stream.ReadAsync(_buffer.AsMemory(have));
                if (read == 0) throw new IOException("The shop closed the connection.");
                have += read;
                if (head >= 0) continue;
                int end = _buffer.AsSpan(0, have).IndexOf("\r\n\r\n"u8);
                if (end < 0) continue;
                head = end + 4;
                (length, IsKept) = Read(_buffer.AsSpan(0, end));
                if (_buffer.Length < head + length) Array.Resize(ref _buffer, head + length);
            }

            if (!Utf8Parser.TryParse(_buffer.AsSpan(9, 3), out int status, out _)) throw new IOException("That was no answer of HTTP/1.1.");
            return new HttpAnswer(status, _buffer.AsMemory(head, length));
        }

        public void Dispose() => stream.Dispose();

        // Proxies write the names of headers as they like.
        private static (int Length, bool IsKept) Read(ReadOnlySpan<byte> head)
        {
            (int length, bool isKept) = (0, true);
            foreach (Range line in head.Split("\r\n"u8))
            {
                ReadOnlySpan<byte> header = head[line];
                int colon = header.IndexOf((byte)':');
                if (colon < 0) continue;
                ReadOnlySpan<byte> name = header[..colon], value = header[(colon + 1)..].Trim((byte)' ');
                if (Ascii.EqualsIgnoreCase(name, "Content-Length"u8)) _ = Utf8Parser.TryParse(value, out length, out _);
                else if (Ascii.EqualsIgnoreCase(name, "Connection"u8)) isKept = !Ascii.EqualsIgnoreCase(value, "close"u8);
                else if (Ascii.EqualsIgnoreCase(name, "Transfer-Encoding"u8)) throw new IOException("The answer does not say its length.");
            }

            return (length, isKept);
        }
    }
}
