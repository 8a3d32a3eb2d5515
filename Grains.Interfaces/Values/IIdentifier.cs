using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Shop;

/// <summary>A name that a grain is found by. All identifiers obey the same rule; see <see cref="Identifier"/>.</summary>
public interface IIdentifier<TSelf>
    where TSelf : struct, IIdentifier<TSelf>
{
    /// <summary>The text of the identifier.</summary>
    string Value { get; }

    /// <summary>Makes an identifier of a text that is known to be valid.</summary>
    static abstract TSelf Of(string value);
}

/// <summary>
/// The rule of identifiers: 1 to 64 ASCII letters, digits, and <c>- _ . ~</c>, beginning with a letter or digit, without two
/// dots in a row. So an identifier is safe in a path, in a log and as a key.
/// </summary>
public static class Identifier
{
    /// <summary>The longest identifier.</summary>
    public const int LengthMax = 64;

    /// <summary>What an identifier must look like, for people.</summary>
    public const string Rule = "1 to 64 letters, digits, '-', '_', '.' or '~', beginning with a letter or digit, without '..'";

    /// <summary>Reads an identifier from outside.</summary>
    public static bool TryParse<T>([NotNullWhen(true)] string? text, out T identifier)
        where T : struct, IIdentifier<T>
    {
        identifier = default;
        if (!IsValid(text)) return false;
        identifier = T.Of(text);
        return true;
    }

    /// <summary>Reads an identifier that ought to be valid.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static T Parse<T>(string text)
        where T : struct, IIdentifier<T> => TryParse(text, out T identifier) ? identifier : throw new FormatException($"Not an identifier; it must be {Rule}.");

    /// <summary>A new identifier: a UUID of version 7, which sorts by the time of its making.</summary>
    public static T New<T>(DateTimeOffset now)
        where T : struct, IIdentifier<T> => T.Of(Guid.CreateVersion7(now).ToString());

    private static bool IsValid([NotNullWhen(true)] string? text)
    {
        if (text is null || text.Length is 0 or > LengthMax || !char.IsAsciiLetterOrDigit(text[0])) return false;
        for (int i = 1; i < text.Length; i++)
        {
            char c = text[i];
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.' or '~')) return false;
            if (c == '.' && text[i - 1] == '.') return false;
        }

        return true;
    }
}

/// <summary>Identifiers are strings in JSON, also as keys.</summary>
public sealed class IdentifierJsonConverter<T> : JsonConverter<T>
    where T : struct, IIdentifier<T>
{
    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => T.Of(reader.GetString()!);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);

    /// <inheritdoc/>
    public override T ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => T.Of(reader.GetString()!);

    /// <inheritdoc/>
    public override void WriteAsPropertyName(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WritePropertyName(value.Value);
}
