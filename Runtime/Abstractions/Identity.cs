namespace Orleans.Runtime;

/// <summary>The kind of a grain: the first half of its identity.</summary>
public readonly record struct GrainType(string Value)
{
    /// <summary>Creates a grain type from its name.</summary>
    public static GrainType Create(string value) => new(value);

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>The key of a grain within its kind.</summary>
public readonly record struct IdSpan(string Value)
{
    /// <summary>Creates a key from its text.</summary>
    public static IdSpan Create(string value) => new(value);

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>The identity of a grain: kind and key. Stable for ever, on every silo.</summary>
public readonly record struct GrainId(GrainType Type, IdSpan Key)
{
    /// <summary>Creates an identity from a kind and a key.</summary>
    public static GrainId Create(string type, string key) => new(GrainType.Create(type), IdSpan.Create(key));

    /// <summary>Reads the form that <see cref="ToString"/> writes.</summary>
    /// <exception cref="FormatException">There is no slash between kind and key.</exception>
    public static GrainId Parse(string value)
    {
        int slash = value.IndexOf('/', StringComparison.Ordinal);
        return slash > 0
            ? Create(value[..slash], value[(slash + 1)..])
            : throw new FormatException($"'{value}' is not a grain id; a grain id is type/key.");
    }

    /// <summary>A hash that is the same in every process, for placement.</summary>
    public uint GetUniformHashCode()
    {
        uint hash = 2166136261;
        foreach (char c in Type.Value) hash = (hash ^ c) * 16777619;
        hash = (hash ^ '/') * 16777619;
        foreach (char c in Key.Value) hash = (hash ^ c) * 16777619;
        hash ^= hash >> 15;
        hash *= 2246822519;
        return hash ^ (hash >> 13);
    }

    /// <inheritdoc/>
    public bool Equals(GrainId other) =>
        string.Equals(Key.Value, other.Key.Value, StringComparison.Ordinal)
        && string.Equals(Type.Value, other.Type.Value, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Type.Value, Key.Value);

    /// <inheritdoc/>
    public override string ToString() => $"{Type.Value}/{Key.Value}";
}
