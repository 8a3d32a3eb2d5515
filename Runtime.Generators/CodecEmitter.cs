using System.Collections.Generic;
using System.Linq;
using System.Text;
using Microsoft.CodeAnalysis;

namespace Shop.Runtime.Generators;

/// <summary>Writes the codec and the copier of a type that carries [GenerateSerializer].</summary>
internal static class CodecEmitter
{
    public static Piece? Emit(INamedTypeSymbol type)
    {
        if (type.TypeKind == TypeKind.Enum || type.IsGenericType) return null;
        string full = Names.Full(type);
        string name = $"Codec_{Names.Identifier(type)}";
        List<Problem> problems = [];
        var code = new StringBuilder();
        code.AppendLine($"public static class {name}").AppendLine("{");
        if (type.IsAbstract) EmitClosedSet(type, full, code);
        else EmitFields(type, full, code, problems);
        code.AppendLine("}");
        string alias = Names.Literal(Names.Alias(type, type.ToDisplayString()));
        return new Piece(name, code.ToString(), [$"AddCodec<{full}>({alias}, {name}.Write, {name}.Read, {name}.Copy);"], problems);
    }

    // An abstract type stands for the types nested in it that derive from it; the alias says which one.
    private static void EmitClosedSet(INamedTypeSymbol type, string full, StringBuilder code)
    {
        INamedTypeSymbol[] members = [.. type.GetTypeMembers().Where(t => !t.IsAbstract && SymbolEqualityComparer.Default.Equals(t.BaseType, type))];
        code.AppendLine($"    public static void Write(global::Orleans.Serialization.CodecWriter w, {full} value)").AppendLine("    {");
        code.AppendLine("        switch (value)").AppendLine("        {");
        code.AppendLine("            case null: w.WriteString(null); break;");
        foreach (INamedTypeSymbol member in members)
            code.AppendLine($"            case {Names.Full(member)} v: w.WriteString({Names.Literal(Names.Alias(member, member.Name))}); {Names.Codec(member)}.Write(w, v); break;");
        code.AppendLine("            default: throw new global::Orleans.Serialization.CodecException($\"{value.GetType()} is not one of the closed set.\");");
        code.AppendLine("        }").AppendLine("    }");
        code.AppendLine($"    public static {full} Read(global::Orleans.Serialization.CodecReader r) => r.ReadString() switch").AppendLine("    {");
        code.AppendLine("        null => null!,");
        foreach (INamedTypeSymbol member in members)
            code.AppendLine($"        {Names.Literal(Names.Alias(member, member.Name))} => {Names.Codec(member)}.Read(r),");
        code.AppendLine("        var other => throw new global::Orleans.Serialization.CodecException($\"'{other}' is not a known case.\"),");
        code.AppendLine("    };");
        code.AppendLine($"    public static {full} Copy({full} value) => value switch").AppendLine("    {");
        foreach (INamedTypeSymbol member in members) code.AppendLine($"        {Names.Full(member)} v => {Names.Codec(member)}.Copy(v),");
        code.AppendLine("        _ => value,").AppendLine("    };");
    }

    private static void EmitFields(INamedTypeSymbol type, string full, StringBuilder code, List<Problem> problems)
    {
        List<Member> members = Members(type, out int positional);
        foreach (Member member in members.Where(m => !TypeCodes.HasCodec(m.Type)))
            problems.Add(new Problem(Problem.NoCodec, type.Locations.FirstOrDefault(), $"{type.Name}.{member.Name} of type {member.Type.ToDisplayString()}"));

        bool isReference = type.IsReferenceType;
        code.AppendLine($"    public static void Write(global::Orleans.Serialization.CodecWriter w, {full} value)").AppendLine("    {");
        if (isReference) code.AppendLine("        if (value is null) { w.WriteByte(0); return; }").AppendLine("        w.WriteByte(1);");
        code.AppendLine("        int f;");
        foreach (Member m in members) code.AppendLine($"        f = w.BeginField({m.Id}u); {TypeCodes.Write(m.Type, "w", "value." + m.Name)}; w.EndField(f);");
        code.AppendLine("        w.EndObject();").AppendLine("    }");

        code.AppendLine($"    public static {full} Read(global::Orleans.Serialization.CodecReader r)").AppendLine("    {");
        if (isReference) code.AppendLine("        if (r.ReadByte() == 0) return null!;");
        code.AppendLine("        r.BeginObject();");
        foreach (Member m in members) code.AppendLine($"        {Names.Full(m.Type)} m{m.Id} = default!;");
        code.AppendLine("        while (r.NextField(out uint id, out int end))").AppendLine("        {").AppendLine("            switch (id)").AppendLine("            {");
        foreach (Member m in members) code.AppendLine($"                case {m.Id}u: m{m.Id} = {TypeCodes.Read(m.Type, "r")}; break;");
        code.AppendLine("                default: break;").AppendLine("            }").AppendLine("            r.EndField(end);").AppendLine("        }");
        code.AppendLine($"        return {Construct(full, members, positional, m => $"m{m.Id}")};").AppendLine("    }");

        code.Append($"    public static {full} Copy({full} value) => ");
        if (TypeCodes.IsImmutable(type) || members.All(m => m.IsReadOnly && TypeCodes.IsImmutable(m.Type))) code.AppendLine("value;");
        else code.AppendLine($"{(isReference ? "value is null ? null! : " : "")}{Construct(full, members, positional, m => TypeCodes.Copy(m.Type, "value." + m.Name))};");
    }

    private static string Construct(string full, List<Member> members, int positional, System.Func<Member, string> value)
    {
        string arguments = string.Join(", ", members.Take(positional).Select(value));
        string rest = string.Join(", ", members.Skip(positional).Select(m => $"{m.Name} = {value(m)}"));
        return $"new {full}({arguments})" + (rest.Length > 0 ? $" {{ {rest} }}" : "");
    }

    // The parameters of a record's primary constructor come first, numbered in their order; [Id] members follow.
    private static List<Member> Members(INamedTypeSymbol type, out int positional)
    {
        List<Member> members = [];
        IMethodSymbol? primary = type.IsRecord
            ? type.InstanceConstructors.FirstOrDefault(c => c.Parameters.Length > 0 && !c.IsImplicitlyDeclared
                && c.Parameters.All(p => type.GetMembers(p.Name).OfType<IPropertySymbol>().Any()))
            : null;
        uint next = 0;
        foreach (IParameterSymbol parameter in primary?.Parameters ?? [])
            members.Add(new Member(next++, parameter.Name, parameter.Type, IsReadOnly: true));
        positional = members.Count;
        foreach (ISymbol symbol in type.GetMembers())
        {
            if (Names.Attribute(symbol, "Orleans.IdAttribute") is not { } id || members.Any(m => m.Name == symbol.Name)) continue;
            uint number = (uint)id.ConstructorArguments[0].Value! + (positional > 0 ? 1000u : 0u);
            if (symbol is IPropertySymbol property) members.Add(new Member(number, symbol.Name, property.Type, property.SetMethod is null or { IsInitOnly: true }));
            else if (symbol is IFieldSymbol field) members.Add(new Member(number, symbol.Name, field.Type, field.IsReadOnly));
        }

        return members;
    }

    private sealed record Member(uint Id, string Name, ITypeSymbol Type, bool IsReadOnly);
}
