using System.Buffers.Binary;
using System.Text;

namespace Orleans.Serialization;

/// <summary>Reads the wire format. Nothing that a length says is believed before it was compared with what is there.</summary>
public sealed class CodecReader(ReadOnlyMemory<byte> bytes)
{
    private const int DepthMax = 64;
    private int _depth;

    /// <summary>How far reading came.</summary>
    public int Position { get; private set; }

    /// <summary>Whether nothing is left.</summary>
    public bool IsAtEnd => Position == bytes.Length;

    /// <summary>Reads one byte.</summary>
    public byte ReadByte() => Take(1)[0];

    /// <summary>Reads a number.</summary>
    public ulong ReadVarUInt()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = ReadByte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }

        throw new CodecException("A number has more than ten bytes.");
    }

    /// <summary>Reads a signed number.</summary>
    public long ReadVarInt()
    {
        ulong value = ReadVarUInt();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>Reads a count of elements, each of which takes at least one byte.</summary>
    public int ReadCount()
    {
        ulong count = ReadVarUInt();
        return count <= (ulong)(bytes.Length - Position) ? (int)count : throw new CodecException($"A collection claims {count} elements; {bytes.Length - Position} bytes are left.");
    }

    /// <summary>Reads a truth value.</summary>
    public bool ReadBool() => ReadByte() switch
    {
        0 => false,
        1 => true,
        byte other => throw new CodecException($"{other} is not a truth value."),
    };

    /// <summary>Reads eight bytes.</summary>
    public ulong ReadFixed64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>Reads a floating-point number.</summary>
    public double ReadDouble() => BitConverter.Int64BitsToDouble((long)ReadFixed64());

    /// <summary>Reads an exact decimal.</summary>
    public decimal ReadDecimal()
    {
        ulong low = ReadFixed64();
        ulong high = ReadFixed64();
        try
        {
            return new decimal([(int)(uint)low, (int)(uint)(low >> 32), (int)(uint)high, (int)(uint)(high >> 32)]);
        }
        catch (ArgumentException e)
        {
            throw new CodecException("Not a decimal.", e);
        }
    }

    /// <summary>Reads a text.</summary>
    public string? ReadString()
    {
        ulong length = ReadVarUInt();
        return length == 0 ? null : Encoding.UTF8.GetString(Take(length - 1));
    }

    /// <summary>Reads bytes.</summary>
    public byte[]? ReadBytes()
    {
        ulong length = ReadVarUInt();
        return length == 0 ? null : Take(length - 1).ToArray();
    }

    /// <summary>Reads sixteen bytes.</summary>
    public Guid ReadGuid() => new(Take(16));

    /// <summary>Reads a point in time.</summary>
    public DateTimeOffset ReadDateTimeOffset()
    {
        long ticks = ReadVarInt();
        long offset = ReadVarInt();
        try
        {
            return new DateTimeOffset(ticks, TimeSpan.FromTicks(offset));
        }
        catch (ArgumentException e)
        {
            throw new CodecException("Not a point in time.", e);
        }
    }

    /// <summary>Enters an object; objects nest only so deep.</summary>
    public void BeginObject()
    {
        if (++_depth > DepthMax) throw new CodecException($"Objects nest deeper than {DepthMax}.");
    }

    /// <summary>Reads the number of the next field and where it ends; false at the end of the object.</summary>
    public bool NextField(out uint id, out int end)
    {
        ulong number = ReadVarUInt();
        id = 0;
        end = 0;
        if (number == 0)
        {
            _depth--;
            return false;
        }

        if (number > uint.MaxValue) throw new CodecException("A field number is too large.");
        id = (uint)(number - 1);
        int length = BinaryPrimitives.ReadInt32LittleEndian(Take(4));
        if (length < 0 || length > bytes.Length - Position) throw new CodecException($"Field {id} claims {length} bytes; {bytes.Length - Position} are left.");
        end = Position + length;
        return true;
    }

    /// <summary>Ends a field: what a later version added to it is skipped.</summary>
    public void EndField(int end)
    {
        if (Position > end) throw new CodecException("A field is longer than it says.");
        Position = end;
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)(bytes.Length - Position)) throw new CodecException($"{count} bytes are needed; {bytes.Length - Position} are left.");
        ReadOnlySpan<byte> span = bytes.Span.Slice(Position, (int)count);
        Position += (int)count;
        return span;
    }
}
