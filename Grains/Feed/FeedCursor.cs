using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace Shop.Feed;

/// <summary>A place in all partitions at once, as a short text.</summary>
internal sealed class FeedCursor
{
    private const int LengthMax = 1_000;

    private FeedCursor(JournalPosition[] positions) => Positions = positions;

    public JournalPosition[] Positions { get; }

    public static FeedCursor At(JournalPosition[] positions) => new(positions);

    /// <summary>Reads a cursor; no text at all is the start.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out FeedCursor? cursor)
    {
        cursor = new FeedCursor(new JournalPosition[IJournalStore.PartitionCount]);
        if (text.Length == 0) return true;
        bool isGood = false;
        if (text.Length <= LengthMax && Base64Url.IsValid(text))
        {
            using var reader = new BinaryReader(new MemoryStream(Base64Url.DecodeFromChars(text)));
            try
            {
                for (int i = 0; i < cursor.Positions.Length; i++) cursor.Positions[i] = new JournalPosition(reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt64());
                isGood = reader.BaseStream.Position == reader.BaseStream.Length && cursor.Positions.All(p => p is { Epoch: >= 0, Number: >= 0 });
            }
            catch (Exception e) when (e is EndOfStreamException or FormatException)
            {
                // Cut off or damaged.
            }
        }

        if (!isGood) cursor = null;
        return isGood;
    }

    public override string ToString()
    {
        using var bytes = new MemoryStream();
        using (var writer = new BinaryWriter(bytes))
        {
            foreach (JournalPosition position in Positions)
            {
                writer.Write7BitEncodedInt64(position.Epoch);
                writer.Write7BitEncodedInt64(position.Number);
            }
        }

        return Base64Url.EncodeToString(bytes.ToArray());
    }
}
