using System.Globalization;
using Shop.Orders;

namespace Shop.Gateway.Http;

/// <summary>Reads the fields of requests into values of the domain; what cannot be read is answered with 400 and the field's name.</summary>
public static class Fields
{
    private const int EmailLengthMax = 254;

    /// <summary>An identifier.</summary>
    public static T Id<T>(string? text, string field)
        where T : struct, IIdentifier<T> => Identifier.TryParse(text, out T id) ? id : throw Problems.Bad(field, $"must be {Identifier.Rule}");

    /// <summary>An identifier that may be missing.</summary>
    public static T? OptionalId<T>(string? text, string field)
        where T : struct, IIdentifier<T> => text is null ? null : Id<T>(text, field);

    /// <summary>A quantity.</summary>
    public static int Quantity(int quantity, string field) => quantity is >= 1 and <= Limits.QuantityMax
        ? quantity
        : throw Problems.Bad(field, $"must be 1 to {Limits.QuantityMax}");

    /// <summary>A currency.</summary>
    public static Currency Currency(string? code, string field) => Shop.Currency.TryParse(code, out Currency currency)
        ? currency
        : throw Problems.Bad(field, "must be a currency code of ISO 4217 in upper case, such as EUR");

    /// <summary>An amount that is not negative.</summary>
    public static Money Money(MoneyBody body, string field)
    {
        Currency currency = Currency(body.Currency, $"{field}.currency");
        if (body.Amount < 0) throw Problems.Bad($"{field}.amount", "must not be negative");
        return Shop.Money.TryFromDecimal(body.Amount, currency, out Money money)
            ? money
            : throw Problems.Bad($"{field}.amount", $"must have at most {currency.MinorDigits} decimals and be at most {Shop.Money.MinorMax / currency.MinorUnits}");
    }

    /// <summary>A text that must say something.</summary>
    public static string Text(string? text, string field, int lengthMax = Limits.TitleLengthMax)
    {
        if (string.IsNullOrWhiteSpace(text)) throw Problems.Bad(field, "must not be empty");
        return OptionalText(text, field, lengthMax)!;
    }

    /// <summary>A text that may be missing. No control characters and none that change the direction of writing.</summary>
    public static string? OptionalText(string? text, string field, int lengthMax = Limits.TitleLengthMax)
    {
        if (text is null) return null;
        if (text.Length > lengthMax) throw Problems.Bad(field, $"must have at most {lengthMax} characters");
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            bool forbidden = (char.IsControl(c) && c is not ('\n' or '\r' or '\t')) || c is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
            bool unpaired = char.IsSurrogate(c) && !(char.IsHighSurrogate(c) ? i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]) : i > 0 && char.IsHighSurrogate(text[i - 1]));
            if (forbidden || unpaired) throw Problems.Bad(field, "has a character that is not allowed");
        }

        return text;
    }

    /// <summary>An e-mail address that may be missing.</summary>
    public static string? Email(string? text, string field)
    {
        if (text is null) return null;
        int at = text.IndexOf('@', StringComparison.Ordinal);
        bool good = text.Length <= EmailLengthMax && at > 0 && at == text.LastIndexOf('@') && at < text.Length - 1 && text.All(c => c is > ' ' and not '\u007F');
        return good ? OptionalText(text, field, EmailLengthMax) : throw Problems.Bad(field, "must be an e-mail address");
    }

    /// <summary>A postal address that may be missing.</summary>
    public static Address? Address(AddressBody? body, string field) => body is null ? null : new Address(
        OptionalText(body.Name, $"{field}.name"), OptionalText(body.Line1, $"{field}.line1"), OptionalText(body.Line2, $"{field}.line2"),
        OptionalText(body.City, $"{field}.city"), OptionalText(body.Region, $"{field}.region"), OptionalText(body.PostalCode, $"{field}.postalCode"),
        OptionalText(body.Country, $"{field}.country"));

    /// <summary>A list of bounded length.</summary>
    public static IReadOnlyList<T> List<T>(IReadOnlyList<T>? items, string field, int countMin, int countMax)
    {
        IReadOnlyList<T> list = items ?? [];
        if (list.Count < countMin || list.Count > countMax) throw Problems.Bad(field, $"must have {countMin} to {countMax} entries");
        for (int i = 0; i < list.Count; i++)
            if (list[i] is null) throw Problems.Bad($"{field}[{i}]", "must not be null");
        return list;
    }

    /// <summary>A page size.</summary>
    public static int PageSize(string? text)
    {
        const int Default = 20, Max = 100;
        if (text is null) return Default;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int size) && size is >= 1 and <= Max
            ? size
            : throw Problems.Bad("pageSize", $"must be 1 to {Max}");
    }

    /// <summary>The version that the caller believes the resource to have; null when it does not say.</summary>
    public static long? IfMatch(HttpContext context)
    {
        string? text = context.Request.Headers.IfMatch;
        if (string.IsNullOrEmpty(text) || text == "*") return null;
        return text.Length > 2 && text[0] == '"' && text[^1] == '"' && long.TryParse(text.AsSpan(1, text.Length - 2), NumberStyles.None, CultureInfo.InvariantCulture, out long version)
            ? version
            : throw Problems.Bad("If-Match", "must be an ETag as it was sent, such as \"3\"");
    }
}
