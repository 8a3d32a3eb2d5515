using System.Buffers;

namespace Shop.Stock;

/// <summary>
/// The id of a reservation as a stock remembers it. Nearly all are UUIDs, and those are kept as their 16 bytes: a text for each would be an object that
/// the collector has to look at and to move, and a hot SKU has a million of them.
/// </summary>
[JsonConverter(typeof(IdentifierJsonConverter<ReservationKey>))]
public readonly record struct ReservationKey : IIdentifier<ReservationKey>
{
    private const int UuidLength = 36;
    private static readonly SearchValues<char> UuidLetters = SearchValues.Create("0123456789abcdef-");

    private readonly Guid _uuid;

    // Null when the UUID says it all: when writing it gives the same text again.
    private readonly string? _text;

    private ReservationKey(string value)
    {
        if (value.Length != UuidLength || value.AsSpan().ContainsAnyExcept(UuidLetters) || !Guid.TryParseExact(value, "D", out _uuid)) _text = value;
    }

    /// <inheritdoc/>
    public string Value => _text ?? _uuid.ToString();

    /// <inheritdoc/>
    public static ReservationKey Of(string value) => new(value);

    /// <summary>The key of an id.</summary>
    public static implicit operator ReservationKey(ReservationId id) => new(id.Value);

    /// <summary>The id of a key.</summary>
    public static implicit operator ReservationId(ReservationKey key) => new(key.Value);

    /// <inheritdoc/>
    public override string ToString() => Value;
}
