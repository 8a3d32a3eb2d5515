using System.Buffers.Binary;

namespace Orleans.Messaging;

/// <summary>What a frame is. A frame is its length (4 bytes, of what follows), its kind (1 byte) and its body.</summary>
internal enum FrameKind : byte
{
    /// <summary>A call.</summary>
    Call = 1,

    /// <summary>The end of a call.</summary>
    Answer = 2,

    /// <summary>Nothing to say, and still there.</summary>
    KeepAlive = 3,
}

/// <summary>Reads frames from a stream. A length is checked before anything is made of it.</summary>
internal sealed class FrameReader(Stream stream, int bodyBytesMax)
{
    private byte[] _buffer = new byte[32 * 1024];
    private int _start;
    private int _end;

    /// <summary>The next frame; its body is valid until the next call. Null at the end of the stream.</summary>
    /// <exception cref="InvalidDataException">That is no frame.</exception>
    public async ValueTask<(FrameKind Kind, ReadOnlyMemory<byte> Body)?> ReadAsync(CancellationToken cancellation)
    {
        if (!await FillAsync(4, cancellation)) return null;
        int length = BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(_start));
        if (length < 1 || length > bodyBytesMax + 1) throw new InvalidDataException($"A frame of {length} bytes; at most {bodyBytesMax + 1} are taken.");
        if (!await FillAsync(4 + length, cancellation)) return null;
        var kind = (FrameKind)_buffer[_start + 4];
        ReadOnlyMemory<byte> body = _buffer.AsMemory(_start + 5, length - 1);
        _start += 4 + length;
        return (kind, body);
    }

    private async ValueTask<bool> FillAsync(int count, CancellationToken cancellation)
    {
        if (_end - _start >= count) return true;
        if (_buffer.Length - _start < count)
        {
            byte[] target = _buffer.Length >= count ? _buffer : new byte[Math.Max(_buffer.Length * 2, count)];
            _buffer.AsSpan(_start, _end - _start).CopyTo(target);
            (_buffer, _end, _start) = (target, _end - _start, 0);
        }

        while (_end - _start < count)
        {
            int read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellation);
            if (read == 0) return false;
            _end += read;
        }

        return true;
    }
}
