using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Shop;

/// <summary>A currency of ISO 4217, with the number of digits of its minor unit.</summary>
[GenerateSerializer, Immutable, Alias("Currency"), JsonConverter(typeof(CurrencyJsonConverter))]
public readonly record struct Currency(string Code)
{
    // Digits of the minor unit as ISO 4217 lists them; currencies that nobody can pay with are left out.
    private static readonly FrozenDictionary<string, int> Digits = new (int Digits, string Codes)[]
    {
        (0, "CLP ISK JPY KRW VND"),
        (2, "AED ARS AUD BGN BRL CAD CHF CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR KES MAD MXN MYR NGN NOK NZD PEN PHP PKR PLN QAR"),
        (2, "RON RSD SAR SEK SGD THB TRY TWD UAH USD ZAR"),
        (3, "BHD JOD KWD OMR TND"),
    }.SelectMany(row => row.Codes.Split(' ').Select(code => (code, row.Digits))).ToFrozenDictionary(c => c.code, c => c.Digits);

    /// <summary>The number of digits after the decimal point.</summary>
    public int MinorDigits => Digits[Code];

    /// <summary>How many minor units make one unit.</summary>
    public int MinorUnits => MinorDigits switch
    {
        0 => 1,
        2 => 100,
        _ => 1000,
    };

    /// <summary>Reads a code; codes are upper case.</summary>
    public static bool TryParse(string? code, out Currency currency)
    {
        currency = default;
        if (code is null || !Digits.ContainsKey(code)) return false;
        currency = new Currency(code);
        return true;
    }

    /// <summary>Reads a code that ought to be valid.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static Currency Parse(string code) => TryParse(code, out Currency currency) ? currency : throw new FormatException("Not a currency code of ISO 4217.");

    /// <inheritdoc/>
    public override string ToString() => Code;
}

/// <summary>Currencies are strings in JSON, also as keys.</summary>
public sealed class CurrencyJsonConverter : JsonConverter<Currency>
{
    /// <summary>The amount of an order that was refused at once has no currency yet.</summary>
    public override bool HandleNull => true;

    /// <inheritdoc/>
    public override Currency Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetString()!);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, Currency value, JsonSerializerOptions options) => writer.WriteStringValue(value.Code);

    /// <inheritdoc/>
    public override Currency ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetString()!);

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, Currency value, JsonSerializerOptions options) => writer.WritePropertyName(value.Code);
}
