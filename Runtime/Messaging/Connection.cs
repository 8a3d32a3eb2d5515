using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using Orleans.Calls;
using Orleans.Configuration;
using Orleans.Serialization;

namespace Orleans.Messaging;

/// <summary>
/// One connection on which many calls and answers travel at once. What waits to be sent and what waits for an answer is
/// bounded; a peer that says nothing for a while is taken for gone.
/// </summary>
internal sealed class Connection : IAsyncDisposable
{
    private const int FlushBytes = 64 * 1024;

    private readonly Stream _stream;
    private readonly ClusterMessagingOptions _options;
    private readonly Channel<Outgoing> _out;
    private readonly ConcurrentDictionary<long, GrainRequest> _pending = new();
    private readonly CancellationTokenSource _stop = new();
    private long _lastNumber;
    private long _lastHeard = Stopwatch.GetTimestamp();
    private int _isClosed;

    public Connection(Stream stream, ClusterMessagingOptions options)
    {
        _stream = stream;
        _options = options;
        _out = Channel.CreateBounded<Outgoing>(new BoundedChannelOptions(options.SendQueueMax) { SingleReader = true });
    }

    /// <summary>Takes the body of a frame; it is valid during the call only.</summary>
    public delegate void FrameHandler(Connection connection, FrameKind kind, ReadOnlyMemory<byte> body);

    public bool IsClosed => Volatile.Read(ref _isClosed) != 0;

    /// <summary>Reads and writes until the connection ends; says why it did and which calls were under way: those that were surely not sent, and the others.</summary>
    public async Task<(Exception Reason, List<GrainRequest> Unsent, List<GrainRequest> Unanswered)> RunAsync(FrameHandler handler)
    {
        Task[] work = [ReadAsync(handler), WriteAsync(), WatchAsync()];
        Task first = await Task.WhenAny(work);
        Close();
        await Task.WhenAll(work.Select(w => w.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default)));
        List<GrainRequest> unsent = [];
        while (_out.Reader.TryRead(out Outgoing left))
            if (left.Number != 0 && _pending.TryRemove(left.Number, out GrainRequest? request)) unsent.Add(request);
        List<GrainRequest> unanswered = [];
        foreach (long number in _pending.Keys)
            if (_pending.TryRemove(number, out GrainRequest? request)) unanswered.Add(request);
        return (first.Exception?.GetBaseException() ?? new IOException("The connection ended."), unsent, unanswered);
    }

    /// <summary>Sends a call. False when it was not taken: the connection is closed or has too much to do.</summary>
    public bool TryCall(GrainRequest request, Action<CodecWriter, long> write, out bool isBusy)
    {
        isBusy = false;
        if (IsClosed) return false;
        long number = request.IsOneWay ? 0 : Interlocked.Increment(ref _lastNumber);
        var writer = new CodecWriter();
        write(writer, number);
        if (_pending.Count >= _options.PendingCallsMax)
        {
            isBusy = true;
            return false;
        }

        if (number != 0) _pending[number] = request;
        if (_out.Writer.TryWrite(new Outgoing(FrameKind.Call, writer, number))) return true;
        isBusy = !IsClosed;
        if (number != 0) _pending.TryRemove(number, out _);
        return false;
    }

    /// <summary>The call that an answer is for; null when nobody waits any more.</summary>
    public GrainRequest? Take(long number) => _pending.TryRemove(number, out GrainRequest? request) ? request : null;

    /// <summary>Sends an answer, when there is room for it.</summary>
    public async ValueTask AnswerAsync(CodecWriter answer)
    {
        try
        {
            await _out.Writer.WriteAsync(new Outgoing(FrameKind.Answer, answer, 0), _stop.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            // The caller learns from the end of the connection that it does not know.
        }
    }

    public void Close()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) != 0) return;
        _stop.Cancel();
        _out.Writer.TryComplete();
        _stream.Dispose();
    }

    public ValueTask DisposeAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }

    private async Task ReadAsync(FrameHandler handler)
    {
        var reader = new FrameReader(_stream, _options.MessageBytesMax);
        while (await reader.ReadAsync(_stop.Token) is { } frame)
        {
            Volatile.Write(ref _lastHeard, Stopwatch.GetTimestamp());
            if (frame.Kind is FrameKind.Call or FrameKind.Answer) handler(this, frame.Kind, frame.Body);
            else if (frame.Kind != FrameKind.KeepAlive) throw new InvalidDataException($"{frame.Kind} is no kind of frame.");
        }

        throw new IOException("The other side closed the connection.");
    }

    private async Task WriteAsync()
    {
        byte[] buffer = new byte[FlushBytes];
        int length = 0;
        while (true)
        {
            if (!_out.Reader.TryPeek(out _))
            {
                using var idle = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                idle.CancelAfter(_options.KeepAliveInterval);
                try
                {
                    if (!await _out.Reader.WaitToReadAsync(idle.Token)) return;
                }
                catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
                {
                    Append(ref buffer, ref length, FrameKind.KeepAlive, []);
                }
            }

            while (length < FlushBytes && _out.Reader.TryRead(out Outgoing next)) Append(ref buffer, ref length, next.Kind, next.Body.Written);
            await _stream.WriteAsync(buffer.AsMemory(0, length), _stop.Token);
            length = 0;
            if (buffer.Length > FlushBytes * 4) buffer = new byte[FlushBytes];
        }
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(_options.KeepAliveInterval);
        while (await timer.WaitForNextTickAsync(_stop.Token))
        {
            if (Stopwatch.GetElapsedTime(Volatile.Read(ref _lastHeard)) > _options.KeepAliveInterval * 3)
                throw new IOException($"The other side said nothing for {_options.KeepAliveInterval * 3}.");
            // Calls whose callers were told that time is up need no answer any more.
            foreach ((long number, GrainRequest request) in _pending)
                if (request.IsAnswered) _pending.TryRemove(number, out _);
        }
    }

    private static void Append(ref byte[] buffer, ref int length, FrameKind kind, ReadOnlySpan<byte> body)
    {
        int needed = length + 5 + body.Length;
        if (buffer.Length < needed) Array.Resize(ref buffer, Math.Max(buffer.Length * 2, needed));
        BinaryPrimitives.WriteInt32LittleEndian(buffer.AsSpan(length), body.Length + 1);
        buffer[length + 4] = (byte)kind;
        body.CopyTo(buffer.AsSpan(length + 5));
        length = needed;
    }

    private readonly record struct Outgoing(FrameKind Kind, CodecWriter Body, long Number);
}
