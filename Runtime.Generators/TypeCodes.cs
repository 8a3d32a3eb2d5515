using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;

namespace Shop.Runtime.Generators;

/// <summary>The expressions that write, read and copy a value of a type.</summary>
internal static class TypeCodes
{
    private const string Collections = "global::Orleans.Serialization.CollectionCodec";

    private static readonly HashSet<string> Immutable =
    [
        "System.Guid", "System.DateTime", "System.DateTimeOffset", "System.TimeSpan", "System.DateOnly", "System.Threading.CancellationToken", "decimal",
    ];

    // Element collections by definition: name of the helper's methods, and whether a value that never changes may be shared.
    private static readonly Dictionary<string, (string Helper, bool Immutable)> ElementCollections = new()
    {
        ["System.Collections.Generic.List<T>"] = ("List", false),
        ["System.Collections.Generic.IReadOnlyList<T>"] = ("ReadOnlyList", false),
        ["System.Collections.Immutable.ImmutableArray<T>"] = ("ImmutableArray", true),
    };

    private static readonly Dictionary<string, (string Helper, bool Immutable)> KeyedCollections = new()
    {
        ["System.Collections.Generic.Dictionary<TKey, TValue>"] = ("Dictionary", false),
        ["System.Collections.Immutable.ImmutableDictionary<TKey, TValue>"] = ("ImmutableDictionary", true),
    };

    public static bool HasCodec(ITypeSymbol type) =>
        type.TypeKind == TypeKind.Enum || Primitive(type) is not null || IsByteArray(type) || Names.Has(type, "Orleans.GenerateSerializerAttribute")
        || (Elements(type, out _, out ITypeSymbol[] elements) && elements.All(HasCodec));

    /// <summary>Whether a value may be shared between caller and grain.</summary>
    public static bool IsImmutable(ITypeSymbol type)
    {
        if (type.TypeKind == TypeKind.Enum || Primitive(type) is not null || Names.Has(type, "Orleans.ImmutableAttribute")) return true;
        if (Immutable.Contains(Plain(type)) || Names.Implements(type, "Orleans.IAddressable")) return true;
        return Elements(type, out bool immutable, out ITypeSymbol[] elements) && immutable && elements.All(IsImmutable);
    }

    public static string Write(ITypeSymbol type, string writer, string value)
    {
        if (type.TypeKind == TypeKind.Enum) return $"{writer}.WriteVarInt((long){value})";
        if (Primitive(type) is { } primitive) return string.Format(primitive.Write, writer, value);
        if (IsByteArray(type)) return $"{writer}.WriteBytes({value})";
        if (Elements(type, out _, out ITypeSymbol[] elements))
        {
            string lambdas = string.Join(", ", elements.Select(e => $"static (w, v) => {Write(e, "w", "v")}"));
            return $"{Collections}.Write{Helper(type)}({writer}, {value}, {lambdas})";
        }

        return $"{Names.Codec(type)}.Write({writer}, {value})";
    }

    public static string Read(ITypeSymbol type, string reader)
    {
        if (type.TypeKind == TypeKind.Enum) return $"({Names.Full(type)}){reader}.ReadVarInt()";
        if (Primitive(type) is { } primitive) return string.Format(primitive.Read, reader);
        if (IsByteArray(type)) return $"{reader}.ReadBytes()!";
        if (Elements(type, out _, out ITypeSymbol[] elements))
        {
            string lambdas = string.Join(", ", elements.Select(e => $"static r => {Read(e, "r")}"));
            return $"{Collections}.Read{Helper(type)}<{string.Join(", ", elements.Select(Names.Full))}>({reader}, {lambdas})!";
        }

        return $"{Names.Codec(type)}.Read({reader})";
    }

    public static string Copy(ITypeSymbol type, string value)
    {
        if (IsImmutable(type)) return value;
        if (IsByteArray(type)) return $"(({Names.Full(type)}){value}?.Clone()!)!";
        if (Elements(type, out _, out ITypeSymbol[] elements))
        {
            string lambdas = string.Join(", ", elements.Select(e => $"static v => {Copy(e, "v")}"));
            return $"{Collections}.Copy{Helper(type)}({value}, {lambdas})!";
        }

        return $"{Names.Codec(type)}.Copy({value})";
    }

    private static string Plain(ITypeSymbol type) => type.WithNullableAnnotation(NullableAnnotation.NotAnnotated).ToDisplayString();

    private static bool IsByteArray(ITypeSymbol type) => type is IArrayTypeSymbol { Rank: 1, ElementType.SpecialType: SpecialType.System_Byte };

    private static string Helper(ITypeSymbol type) => type switch
    {
        IArrayTypeSymbol => "Array",
        INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } => "Nullable",
        INamedTypeSymbol named when ElementCollections.TryGetValue(named.OriginalDefinition.ToDisplayString(), out (string Helper, bool Immutable) e) => e.Helper,
        INamedTypeSymbol named => KeyedCollections[named.OriginalDefinition.ToDisplayString()].Helper,
        _ => "",
    };

    private static bool Elements(ITypeSymbol type, out bool immutable, out ITypeSymbol[] elements)
    {
        immutable = false;
        elements = [];
        if (type is IArrayTypeSymbol { Rank: 1 } array)
        {
            elements = [array.ElementType];
            return true;
        }

        if (type is not INamedTypeSymbol { IsGenericType: true } named) return false;
        elements = [.. named.TypeArguments];
        string definition = named.OriginalDefinition.ToDisplayString();
        if (named.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T)
        {
            immutable = true;
            return true;
        }

        if (ElementCollections.TryGetValue(definition, out (string Helper, bool Immutable) collection) || KeyedCollections.TryGetValue(definition, out collection))
        {
            immutable = collection.Immutable;
            return true;
        }

        return false;
    }

    private static (string Write, string Read)? Primitive(ITypeSymbol type) => type.SpecialType switch
    {
        SpecialType.System_Boolean => ("{0}.WriteBool({1})", "{0}.ReadBool()"),
        SpecialType.System_Byte => ("{0}.WriteByte({1})", "{0}.ReadByte()"),
        SpecialType.System_Int16 => ("{0}.WriteVarInt({1})", "checked((short){0}.ReadVarInt())"),
        SpecialType.System_Int32 => ("{0}.WriteVarInt({1})", "checked((int){0}.ReadVarInt())"),
        SpecialType.System_Int64 => ("{0}.WriteVarInt({1})", "{0}.ReadVarInt()"),
        SpecialType.System_UInt16 => ("{0}.WriteVarUInt({1})", "checked((ushort){0}.ReadVarUInt())"),
        SpecialType.System_UInt32 => ("{0}.WriteVarUInt({1})", "checked((uint){0}.ReadVarUInt())"),
        SpecialType.System_UInt64 => ("{0}.WriteVarUInt({1})", "{0}.ReadVarUInt()"),
        SpecialType.System_Double => ("{0}.WriteDouble({1})", "{0}.ReadDouble()"),
        SpecialType.System_Decimal => ("{0}.WriteDecimal({1})", "{0}.ReadDecimal()"),
        SpecialType.System_String => ("{0}.WriteString({1})", "{0}.ReadString()!"),
        SpecialType.System_DateTime => ("{0}.WriteVarInt({1}.ToBinary())", "global::System.DateTime.FromBinary({0}.ReadVarInt())"),
        _ => Plain(type) switch
        {
            "System.Guid" => ("{0}.WriteGuid({1})", "{0}.ReadGuid()"),
            "System.DateTimeOffset" => ("{0}.WriteDateTimeOffset({1})", "{0}.ReadDateTimeOffset()"),
            "System.TimeSpan" => ("{0}.WriteVarInt({1}.Ticks)", "global::System.TimeSpan.FromTicks({0}.ReadVarInt())"),
            "System.DateOnly" => ("{0}.WriteVarInt({1}.DayNumber)", "global::System.DateOnly.FromDayNumber(checked((int){0}.ReadVarInt()))"),
            _ => null,
        },
    };
}
