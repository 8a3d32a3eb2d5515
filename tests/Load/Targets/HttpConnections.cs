using System.Buffers;
using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
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
public sealed class HttpConnections : IDisposable
{
    // Servers close what has been idle for a minute or two; a request on its way at that moment would be lost.
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(60), IdleAtMost = TimeSpan.FromSeconds(30), LookEvery = TimeSpan.FromSeconds(5);
    private readonly Uri _address;
    private readonly string _key;
    private readonly TimeProvider _clock;
    private readonly ConcurrentBag<Connection> _idle = [];
    private readonly ConcurrentDictionary<Connection, bool> _open = [];
    private readonly string _always;
    private readonly ITimer _watch;

    /// <summary>Nothing is connected before something is sent.</summary>
    public HttpConnections(Uri address, string key, TimeProvider clock)
    {
        (_address, _key, _clock, _always) = (address, key, clock, $"Host: {address.Authority}\r\nAuthorization: Bearer ");
        // One timer for all: one for each request costs as much as writing it.
        _watch = clock.CreateTimer(_ => GiveUpLate(), null, LookEvery, LookEvery);
    }

    /// <summary>Sends a request; <paramref name="take"/> reads what it needs of the answer. A visitor comes with a token of its own and perhaps a ticket.</summary>
    public async Task<T> SendAsync<T>(string method, string path, string? body, string? idempotencyKey, Func<HttpAnswer, T> take, string? token = null, string? ticket = null)
    {
        Connection? connection;
        while (_idle.TryTake(out connection) && _clock.GetElapsedTime(connection.Since) > IdleAtMost) Close(connection);
        if (connection is null) _open[connection = await Connection.OpenAsync(_address)] = true;
        connection.Since = _clock.GetTimestamp();
        try
        {
            string length = body is null ? "" : $"Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n";
            T taken = take(await connection.ExchangeAsync(
                $"{method} {path} HTTP/1.1\r\n{_always}{token ?? _key}\r\n{Header("Waiting-Room-Ticket", ticket)}{Header("Idempotency-Key", idempotencyKey)}{length}\r\n{body}"));
            connection.Since = _clock.GetTimestamp();
            if (connection.IsKept) _idle.Add(connection);
            else Close(connection);
            return taken;
        }
        catch (Exception e)
        {
            Close(connection);
            if (_clock.GetElapsedTime(connection.Since) > AnswerWithin) throw new TimeoutException($"There was no answer within {AnswerWithin.TotalSeconds} s.", e);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _watch.Dispose();
        while (_idle.TryTake(out Connection? connection)) Close(connection);
    }

    private static string Header(string name, string? value) => value is null ? "" : $"{name}: {value}\r\n";

    private void Close(Connection connection)
    {
        _open.TryRemove(connection, out _);
        connection.Dispose();
    }

    // Whoever waits on such a connection gets an exception.
    private void GiveUpLate()
    {
        foreach ((Connection connection, _) in _open)
            if (connection.IsAsked && _clock.GetElapsedTime(connection.Since) > AnswerWithin) connection.Dispose();
    }

    private sealed class Connection(Stream stream) : IDisposable
    {
        private const int BytesOfCharMax = 3;

        // What a checkout and its answer take. In a crowd thousands of connections are opened in a second, and memory that is touched for the first time
        // was 40 % of what the generator did then.
        private byte[] _buffer = new byte[2 * 1024];

        /// <summary>Whether the other side takes another request.</summary>
        public bool IsKept { get; private set; } = true;

        /// <summary>Whether an answer is waited for.</summary>
        public bool IsAsked { get; private set; }

        /// <summary>When it was last asked, or its last answer had come.</summary>
        public long Since { get; set; }

        public static async Task<Connection> OpenAsync(Uri address)
        {
            EndPoint endPoint = IPAddress.TryParse(address.Host, out IPAddress? ip) ? new IPEndPoint(ip, address.Port) : new DnsEndPoint(address.Host, address.Port);
            Socket socket = ip is null ? new Socket(SocketType.Stream, ProtocolType.Tcp) : new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.NoDelay = true;
                await socket.ConnectAsync(endPoint);
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

        public async Task<HttpAnswer> ExchangeAsync(string request)
        {
            IsAsked = true;
            if (_buffer.Length < request.Length * BytesOfCharMax) _buffer = new byte[request.Length * BytesOfCharMax];
            await stream.WriteAsync(_buffer.AsMemory(0, Encoding.UTF8.GetBytes(request, _buffer)));
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
            IsAsked = false;
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
