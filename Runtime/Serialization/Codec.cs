namespace Orleans.Serialization;

internal abstract class Codec(string alias, Type type)
{
    public string Alias { get; } = alias;

    public Type Type { get; } = type;
}

internal sealed class Codec<T>(string alias, Action<CodecWriter, T> write, Func<CodecReader, T> read, Func<T, T> copy) : Codec(alias, typeof(T))
{
    public void Write(CodecWriter writer, T value) => write(writer, value);

    public T Read(CodecReader reader) => read(reader);

    public T Copy(T value) => copy(value);
}

/// <summary>The bytes are not what this version can read: cut off, damaged or of a later, incompatible version.</summary>
public sealed class CodecException : Exception
{
    /// <summary>Creates the error.</summary>
    public CodecException()
    {
    }

    /// <summary>Creates the error with words.</summary>
    public CodecException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with words and a cause.</summary>
    public CodecException(string message, Exception innerException) : base(message, innerException)
    {
    }
}

/// <summary>An error of another process whose type cannot be made here.</summary>
public sealed class UnavailableExceptionFallbackException : Exception
{
    /// <summary>Creates the error.</summary>
    public UnavailableExceptionFallbackException()
    {
    }

    /// <summary>Creates the error with words.</summary>
    public UnavailableExceptionFallbackException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with words and a cause.</summary>
    public UnavailableExceptionFallbackException(string message, Exception innerException) : base(message, innerException)
    {
    }

    /// <summary>The name of the type that was thrown.</summary>
    public string? ExceptionType { get; init; }
}

/// <summary>Writes and reads the types that carry <see cref="GenerateSerializerAttribute"/>.</summary>
public sealed class Serializer
{
    private readonly Dictionary<Type, Codec> _codecs;

    /// <summary>Creates a serializer over all codecs of the application.</summary>
    public Serializer()
    {
        _codecs = ApplicationParts.All().SelectMany(p => p.Codecs).ToDictionary(c => c.Type);
    }

    /// <summary>The value as bytes.</summary>
    public byte[] SerializeToArray<T>(T value)
    {
        var writer = new CodecWriter();
        CodecOf<T>().Write(writer, value);
        return writer.ToArray();
    }

    /// <summary>The value that the bytes say.</summary>
    /// <exception cref="CodecException">They say none.</exception>
    public T Deserialize<T>(ReadOnlyMemory<byte> bytes)
    {
        var reader = new CodecReader(bytes);
        T value = CodecOf<T>().Read(reader);
        return reader.IsAtEnd ? value : throw new CodecException($"{bytes.Length - reader.Position} bytes are left over after {typeof(T)}.");
    }

    /// <summary>A copy that shares nothing mutable with the value.</summary>
    public T DeepCopy<T>(T value) => CodecOf<T>().Copy(value);

    private Codec<T> CodecOf<T>() => _codecs.TryGetValue(typeof(T), out Codec? codec)
        ? (Codec<T>)codec
        : throw new CodecException($"{typeof(T)} has no codec; mark it with [GenerateSerializer].");
}
