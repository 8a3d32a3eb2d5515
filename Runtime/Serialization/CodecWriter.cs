using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace Orleans.Serialization;

/// <summary>Writes the wire format: objects are fields with number and length, so that an older reader skips what it does not know.</summary>
public sealed class CodecWriter
{
    private byte[] _bytes = new byte[256];
    private int _length;

    /// <summary>What was written.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    internal int Length => _length;

    /// <summary>A copy of what was written.</summary>
    public byte[] ToArray() => Written.ToArray();

    /// <summary>Writes one byte.</summary>
    public void WriteByte(byte value)
    {
        Reserve(1);
        _bytes[_length++] = value;
    }

    /// <summary>Writes a number in as few bytes as it needs.</summary>
    public void WriteVarUInt(ulong value)
    {
        while (value >= 0x80)
        {
            WriteByte((byte)(value | 0x80));
            value >>= 7;
        }

        WriteByte((byte)value);
    }

    /// <summary>Writes a signed number; small magnitudes need few bytes.</summary>
    public void WriteVarInt(long value) => WriteVarUInt((ulong)((value << 1) ^ (value >> 63)));

    /// <summary>Writes a truth value.</summary>
    public void WriteBool(bool value) => WriteByte(value ? (byte)1 : (byte)0);

    /// <summary>Writes eight bytes.</summary>
    public void WriteFixed64(ulong value)
    {
        Reserve(8);
        BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(_length), value);
        _length += 8;
    }

    /// <summary>Writes a floating-point number.</summary>
    public void WriteDouble(double value) => WriteFixed64((ulong)BitConverter.DoubleToInt64Bits(value));

    /// <summary>Writes an exact decimal.</summary>
    public void WriteDecimal(decimal value)
    {
        Span<int> parts = stackalloc int[4];
        decimal.GetBits(value, parts);
        WriteFixed64((uint)parts[0] | ((ulong)(uint)parts[1] << 32));
        WriteFixed64((uint)parts[2] | ((ulong)(uint)parts[3] << 32));
    }

    /// <summary>Writes a text; null is kept apart from empty.</summary>
    public void WriteString(string? value)
    {
        if (value is null)
        {
            WriteVarUInt(0);
            return;
        }

        int count = Encoding.UTF8.GetByteCount(value);
        WriteVarUInt((ulong)count + 1);
        Reserve(count);
        _length += Encoding.UTF8.GetBytes(value, _bytes.AsSpan(_length));
    }

    /// <summary>Writes bytes; null is kept apart from empty.</summary>
    public void WriteBytes(byte[]? value)
    {
        WriteVarUInt(value is null ? 0 : (ulong)value.Length + 1);
        if (value is null) return;
        Reserve(value.Length);
        value.CopyTo(_bytes, _length);
        _length += value.Length;
    }

    /// <summary>Writes sixteen bytes.</summary>
    public void WriteGuid(Guid value)
    {
        Reserve(16);
        value.TryWriteBytes(_bytes.AsSpan(_length));
        _length += 16;
    }

    /// <summary>Writes a point in time with its offset.</summary>
    public void WriteDateTimeOffset(DateTimeOffset value)
    {
        WriteVarInt(value.Ticks);
        WriteVarInt(value.Offset.Ticks);
    }

    /// <summary>Starts a field; returns where its length will be written.</summary>
    public int BeginField(uint id)
    {
        WriteVarUInt(id + 1UL);
        Reserve(4);
        _length += 4;
        return _length;
    }

    /// <summary>Ends the field that started at <paramref name="start"/>.</summary>
    public void EndField(int start) => BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(start - 4), _length - start);

    /// <summary>Takes back what was written after this length.</summary>
    internal void Truncate(int length) => _length = length;

    /// <summary>Ends the fields of an object.</summary>
    public void EndObject() => WriteByte(0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Reserve(int count)
    {
        if (_bytes.Length - _length < count) Grow(count);
    }

    private void Grow(int count) => Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, checked(_length + count)));
}
