using System.Text;

namespace Shop.Gateway.Import;

/// <summary>Reads comma-separated values as RFC 4180 says: quoted fields may hold commas, quotes and line breaks.</summary>
internal static class CsvReader
{
    private const int RecordLengthMax = 64 * 1024;

    /// <summary>The records of a text, each with the number of the line that it begins on.</summary>
    /// <exception cref="FormatException">A quoted field does not end, or a record is too long.</exception>
    public static IEnumerable<(int Line, string[] Fields)> Read(TextReader reader)
    {
        int line = 0;
        while (reader.ReadLine() is { } text)
        {
            int begin = ++line;
            // An odd number of quotes means that a field goes on in the next line.
            while (text.Count(c => c == '"') % 2 == 1)
            {
                if (text.Length > RecordLengthMax || reader.ReadLine() is not { } more) throw new FormatException($"The record on line {begin} has a quote that does not end.");
                text += "\n" + more;
                line++;
            }

            if (text.Length > 0) yield return (begin, Split(text));
        }
    }

    private static string[] Split(string text)
    {
        List<string> fields = [];
        var field = new StringBuilder();
        bool quoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '"' && quoted && i + 1 < text.Length && text[i + 1] == '"') field.Append(text[++i]);
            else if (c == '"') quoted = !quoted;
            else if (c == ',' && !quoted)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
            {
                field.Append(c);
            }
        }

        fields.Add(field.ToString());
        return [.. fields];
    }
}
