using System.Linq;
using System.Text;
using Microsoft.CodeAnalysis;

namespace Shop.Runtime.Generators;

/// <summary>Names in generated code and questions to symbols.</summary>
internal static class Names
{
    public const string GeneratedNamespace = "OrleansGeneratedCode";

    private static readonly SymbolDisplayFormat Format = SymbolDisplayFormat.FullyQualifiedFormat
        .AddMiscellaneousOptions(SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    /// <summary>The type as generated code writes it.</summary>
    public static string Full(ITypeSymbol type) => type.ToDisplayString(Format);

    /// <summary>The type for typeof, where nullability has no place.</summary>
    public static string ForTypeOf(ITypeSymbol type) =>
        type.WithNullableAnnotation(NullableAnnotation.NotAnnotated).ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);

    /// <summary>The type as a part of an identifier.</summary>
    public static string Identifier(ITypeSymbol type)
    {
        var text = new StringBuilder();
        foreach (char c in type.ToDisplayString(SymbolDisplayFormat.CSharpErrorMessageFormat)) text.Append(char.IsLetterOrDigit(c) ? c : '_');
        return text.ToString();
    }

    /// <summary>The static class with the codec of a type.</summary>
    public static string Codec(ITypeSymbol type) => $"global::{GeneratedNamespace}.Codec_{Identifier(type.WithNullableAnnotation(NullableAnnotation.NotAnnotated))}";

    public static AttributeData? Attribute(ISymbol symbol, string fullName) =>
        symbol.GetAttributes().FirstOrDefault(a => a.AttributeClass?.ToDisplayString() == fullName);

    public static bool Has(ISymbol symbol, string fullName) => Attribute(symbol, fullName) is not null;

    public static string Alias(ISymbol symbol, string otherwise) =>
        Attribute(symbol, "Orleans.AliasAttribute")?.ConstructorArguments.FirstOrDefault().Value as string ?? otherwise;

    public static string Literal(string value) => Microsoft.CodeAnalysis.CSharp.SymbolDisplay.FormatLiteral(value, quote: true);

    public static bool Implements(ITypeSymbol type, string fullName) => type.AllInterfaces.Any(i => i.ToDisplayString() == fullName);
}
