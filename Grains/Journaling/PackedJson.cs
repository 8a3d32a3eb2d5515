using System.Buffers;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Shop.Journaling;

/// <summary>
/// Large values as JSON that is compressed (Brotli) while it is made. The JSON itself is nowhere as a whole: hundreds of megabytes of it
/// would be fresh pages here, on the way and in the store, and those cost more than the compression.
/// </summary>
internal static class PackedJson
{
    /// <summary>The packed JSON of a value, and how long the JSON is in bytes.</summary>
    public static (byte[] Packed, long JsonLength) Pack<T>(T value, JsonTypeInfo<T> type)
    {
        using var packed = new MemoryStream();
        long length;
        using (var packing = new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            var pieces = new Pieces(packing);
            using var writer = new Utf8JsonWriter(pieces, new JsonWriterOptions { SkipValidation = true });
            JsonSerializer.Serialize(writer, value, type);
            writer.Flush();
            pieces.Flush();
            length = writer.BytesCommitted;
        }

        return (packed.ToArray(), length);
    }

    /// <summary>The value again.</summary>
    /// <exception cref="JsonException">It is not the JSON of one.</exception>
    /// <exception cref="InvalidOperationException">It is not packed.</exception>
    public static T? Unpack<T>(byte[] packed, JsonTypeInfo<T> type)
    {
        using var unpacking = new BrotliStream(new MemoryStream(packed), CompressionMode.Decompress);
        return JsonSerializer.Deserialize(unpacking, type);
    }

    // The compressor packs each write by itself, so it gets large ones.
    private sealed class Pieces(Stream to) : IBufferWriter<byte>
    {
        private byte[] _piece = new byte[64 * 1024];
        private int _used;

        public void Advance(int count) => _used += count;

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            if (_piece.Length - _used < Math.Max(sizeHint, 1)) Flush();
            if (_piece.Length < sizeHint) _piece = new byte[sizeHint];
            return _piece.AsMemory(_used);
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public void Flush()
        {
            to.Write(_piece, 0, _used);
            _used = 0;
        }
    }
}
