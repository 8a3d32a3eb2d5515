using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Shop.Journaling;

/// <summary>JSON of a value that may be larger than anybody wants to see.</summary>
internal static class BoundedJson
{
    /// <summary>The value as JSON; null when that has more bytes than so many. What is beyond them is not made.</summary>
    public static string? Of<T>(T value, JsonTypeInfo<T> type, int bytesMax)
    {
        using var bytes = new BoundedStream(bytesMax);
        try
        {
            JsonSerializer.Serialize(bytes, value, type);
        }
        catch (TooLongException)
        {
            return null;
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    private sealed class TooLongException : IOException;

    private sealed class BoundedStream(int bytesMax) : MemoryStream
    {
        // Whatever is written comes through here: that is how a class of its own inherits from a memory stream.
        public override void Write(byte[] buffer, int offset, int count)
        {
            if (Length + count > bytesMax) throw new TooLongException();
            base.Write(buffer, offset, count);
        }
    }
}
