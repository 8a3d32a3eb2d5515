using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;

namespace Shop.Stock;

/// <summary>
/// The id of a reservation as a stock remembers it. Nearly all are UUIDs, and those are kept as their 16 bytes, as are short texts: a text for each would be
/// an object that the collector has to look at and to move, and a hot SKU has millions.
/// </summary>
[JsonConverter(typeof(IdentifierJsonConverter<ReservationKey>))]
public readonly record struct ReservationKey : IIdentifier<ReservationKey>
{
    private const int Length = 16, UuidLength = 36;
    private static readonly SearchValues<char> UuidLetters = SearchValues.Create("0123456789abcdef-");
    private static readonly SearchValues<byte> Letters = SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.~"u8);

    // A UUID, or the letters of a short text with zeros behind them; what could be either is neither.
    private readonly Guid _bytes;

    // Null when the bytes say it all.
    private readonly string? _text;

    private ReservationKey(string value)
    {
        Span<byte> bytes = stackalloc byte[Length];
        bytes.Clear();
        if (value.Length is > 0 and <= Length && Ascii.FromUtf16(value, bytes, out _) == OperationStatus.Done && TextLength(bytes) == value.Length)
            _bytes = new Guid(bytes);
        else if (value.Length != UuidLength || value.AsSpan().ContainsAnyExcept(UuidLetters) || !Guid.TryParseExact(value, "D", out _bytes) || !_bytes.TryWriteBytes(bytes) || TextLength(bytes) > 0)
            (_bytes, _text) = (Guid.Empty, value);
    }

    /// <summary>The key that has these <see cref="Bytes"/> and this <see cref="Text"/>.</summary>
    internal ReservationKey(Guid bytes, string? text) => (_bytes, _text) = (bytes, text);

    /// <inheritdoc/>
    public string Value
    {
        get
        {
            if (_text is not null) return _text;
            Span<byte> bytes = stackalloc byte[Length];
            _bytes.TryWriteBytes(bytes);
            int length = TextLength(bytes);
            return length > 0 ? Encoding.ASCII.GetString(bytes[..length]) : _bytes.ToString();
        }
    }

    /// <summary>What says it all, or nothing when there is a <see cref="Text"/>.</summary>
    internal Guid Bytes => _bytes;

    /// <summary>What bytes cannot say; null for nearly all.</summary>
    internal string? Text => _text;

    /// <inheritdoc/>
    public static ReservationKey Of(string value) => new(value);

    /// <summary>The key of an id.</summary>
    public static implicit operator ReservationKey(ReservationId id) => new(id.Value);

    /// <summary>The id of a key.</summary>
    public static implicit operator ReservationId(ReservationKey key) => new(key.Value);

    /// <inheritdoc/>
    public override string ToString() => Value;

    /// <summary>Differs also for texts that differ in few letters.</summary>
    public override int GetHashCode() => _text?.GetHashCode(StringComparison.Ordinal) ?? Unsafe.BitCast<Guid, (int, int, int, int)>(_bytes).GetHashCode();

    // How long the short text is that these bytes are; 0 for none.
    private static int TextLength(ReadOnlySpan<byte> bytes)
    {
        int length = bytes.IndexOfAnyExcept(Letters);
        if (length < 0) return bytes.Length;
        return bytes[length..].ContainsAnyExcept((byte)0) ? 0 : length;
    }
}
