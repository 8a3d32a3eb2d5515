using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Orleans.Serialization;

/// <summary>Writes, reads and copies the collections that generated codecs meet.</summary>
public static class CollectionCodec
{
    /// <summary>Writes an array.</summary>
    public static void WriteArray<T>(CodecWriter writer, T[]? values, Action<CodecWriter, T> write) => WriteAll(writer, values, write);

    /// <summary>Writes a list.</summary>
    public static void WriteList<T>(CodecWriter writer, List<T>? values, Action<CodecWriter, T> write) => WriteAll(writer, values, write);

    /// <summary>Writes a list.</summary>
    public static void WriteReadOnlyList<T>(CodecWriter writer, IReadOnlyList<T>? values, Action<CodecWriter, T> write) => WriteAll(writer, values, write);

    /// <summary>Writes an immutable array.</summary>
    public static void WriteImmutableArray<T>(CodecWriter writer, ImmutableArray<T> values, Action<CodecWriter, T> write) =>
        WriteAll(writer, ImmutableCollectionsMarshal.AsArray(values), write);

    /// <summary>Writes a dictionary.</summary>
    public static void WriteDictionary<TKey, TValue>(CodecWriter writer, Dictionary<TKey, TValue>? values, Action<CodecWriter, TKey> writeKey, Action<CodecWriter, TValue> writeValue)
        where TKey : notnull => WritePairs(writer, values, writeKey, writeValue);

    /// <summary>Writes an immutable dictionary.</summary>
    public static void WriteImmutableDictionary<TKey, TValue>(CodecWriter writer, ImmutableDictionary<TKey, TValue>? values, Action<CodecWriter, TKey> writeKey, Action<CodecWriter, TValue> writeValue)
        where TKey : notnull => WritePairs(writer, values, writeKey, writeValue);

    /// <summary>Writes a value or its absence.</summary>
    public static void WriteNullable<T>(CodecWriter writer, T? value, Action<CodecWriter, T> write)
        where T : struct
    {
        writer.WriteBool(value.HasValue);
        if (value.HasValue) write(writer, value.Value);
    }

    /// <summary>Reads an array.</summary>
    public static T[]? ReadArray<T>(CodecReader reader, Func<CodecReader, T> read)
    {
        if (!reader.ReadBool()) return null;
        var values = new T[reader.ReadCount()];
        for (int i = 0; i < values.Length; i++) values[i] = read(reader);
        return values;
    }

    /// <summary>Reads a list.</summary>
    public static List<T>? ReadList<T>(CodecReader reader, Func<CodecReader, T> read) => ReadArray(reader, read) is { } values ? [.. values] : null;

    /// <summary>Reads a list.</summary>
    public static IReadOnlyList<T>? ReadReadOnlyList<T>(CodecReader reader, Func<CodecReader, T> read) => ReadArray(reader, read);

    /// <summary>Reads an immutable array.</summary>
    public static ImmutableArray<T> ReadImmutableArray<T>(CodecReader reader, Func<CodecReader, T> read) =>
        ImmutableCollectionsMarshal.AsImmutableArray(ReadArray(reader, read));

    /// <summary>Reads a dictionary.</summary>
    public static Dictionary<TKey, TValue>? ReadDictionary<TKey, TValue>(CodecReader reader, Func<CodecReader, TKey> readKey, Func<CodecReader, TValue> readValue)
        where TKey : notnull
    {
        if (!reader.ReadBool()) return null;
        int count = reader.ReadCount();
        var values = new Dictionary<TKey, TValue>(count);
        for (int i = 0; i < count; i++)
        {
            TKey key = readKey(reader);
            if (key is null || !values.TryAdd(key, readValue(reader))) throw new CodecException("A key is missing or there twice.");
        }

        return values;
    }

    /// <summary>Reads an immutable dictionary.</summary>
    public static ImmutableDictionary<TKey, TValue>? ReadImmutableDictionary<TKey, TValue>(CodecReader reader, Func<CodecReader, TKey> readKey, Func<CodecReader, TValue> readValue)
        where TKey : notnull => ReadDictionary(reader, readKey, readValue)?.ToImmutableDictionary();

    /// <summary>Reads a value or its absence.</summary>
    public static T? ReadNullable<T>(CodecReader reader, Func<CodecReader, T> read)
        where T : struct => reader.ReadBool() ? read(reader) : null;

    /// <summary>Copies an array.</summary>
    public static T[]? CopyArray<T>(T[]? values, Func<T, T> copy) => values is null ? null : Array.ConvertAll(values, v => copy(v));

    /// <summary>Copies a list.</summary>
    public static List<T>? CopyList<T>(List<T>? values, Func<T, T> copy) => values?.ConvertAll(v => copy(v));

    /// <summary>Copies a list.</summary>
    public static IReadOnlyList<T>? CopyReadOnlyList<T>(IReadOnlyList<T>? values, Func<T, T> copy) => values is null ? null : [.. values.Select(copy)];

    /// <summary>Copies the elements of an immutable array.</summary>
    public static ImmutableArray<T> CopyImmutableArray<T>(ImmutableArray<T> values, Func<T, T> copy) =>
        values.IsDefault ? default : [.. values.Select(copy)];

    /// <summary>Copies a dictionary.</summary>
    public static Dictionary<TKey, TValue>? CopyDictionary<TKey, TValue>(Dictionary<TKey, TValue>? values, Func<TKey, TKey> copyKey, Func<TValue, TValue> copyValue)
        where TKey : notnull => values?.ToDictionary(p => copyKey(p.Key), p => copyValue(p.Value), values.Comparer);

    /// <summary>Copies the elements of an immutable dictionary.</summary>
    public static ImmutableDictionary<TKey, TValue>? CopyImmutableDictionary<TKey, TValue>(ImmutableDictionary<TKey, TValue>? values, Func<TKey, TKey> copyKey, Func<TValue, TValue> copyValue)
        where TKey : notnull => values?.ToImmutableDictionary(p => copyKey(p.Key), p => copyValue(p.Value));

    /// <summary>Copies a value or its absence.</summary>
    public static T? CopyNullable<T>(T? value, Func<T, T> copy)
        where T : struct => value.HasValue ? copy(value.Value) : null;

    private static void WriteAll<T>(CodecWriter writer, IReadOnlyCollection<T>? values, Action<CodecWriter, T> write)
    {
        writer.WriteBool(values is not null);
        if (values is null) return;
        writer.WriteVarUInt((ulong)values.Count);
        foreach (T value in values) write(writer, value);
    }

    private static void WritePairs<TKey, TValue>(CodecWriter writer, IReadOnlyCollection<KeyValuePair<TKey, TValue>>? pairs, Action<CodecWriter, TKey> writeKey, Action<CodecWriter, TValue> writeValue)
    {
        writer.WriteBool(pairs is not null);
        if (pairs is null) return;
        writer.WriteVarUInt((ulong)pairs.Count);
        foreach ((TKey key, TValue value) in pairs)
        {
            writeKey(writer, key);
            writeValue(writer, value);
        }
    }
}
