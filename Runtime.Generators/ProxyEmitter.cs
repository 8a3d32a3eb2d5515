using System.Collections.Generic;
using System.Linq;
using System.Text;
using Microsoft.CodeAnalysis;

namespace Shop.Runtime.Generators;

/// <summary>Writes the proxy of a grain interface: a request class a method, and methods that send them.</summary>
internal static class ProxyEmitter
{
    private const string Token = "System.Threading.CancellationToken";

    public static Piece Emit(INamedTypeSymbol contract)
    {
        string full = Names.Full(contract);
        string name = $"Proxy_{Names.Identifier(contract)}";
        List<Problem> problems = [];
        var code = new StringBuilder();
        code.AppendLine($"internal sealed class {name}(global::Orleans.Runtime.GrainReferenceSeed seed) : global::Orleans.Runtime.GrainReference(seed), {full}").AppendLine("{");
        IMethodSymbol[] methods = [.. new[] { contract }.Concat(contract.AllInterfaces).SelectMany(i => i.GetMembers().OfType<IMethodSymbol>()).Where(m => m.IsAbstract)];
        for (int i = 0; i < methods.Length; i++) EmitMethod(methods[i], $"Request{i}_{methods[i].Name}", code, problems);
        code.AppendLine("}");
        IEnumerable<string> requests = methods.Select((m, i) => $"AddRequest(static () => new {name}.Request{i}_{m.Name}());");
        return new Piece(name, code.ToString(), [$"AddReference<{full}>(static seed => new {name}(seed));", .. problems.Count > 0 ? [] : requests], problems);
    }

    private static void EmitMethod(IMethodSymbol method, string request, StringBuilder code, List<Problem> problems)
    {
        string owner = Names.Full(method.ContainingType);
        ITypeSymbol? result = Result(method, out bool isValueTask, out bool isMethod);
        if (!isMethod || method.IsGenericMethod || method.Parameters.Any(p => p.RefKind != RefKind.None))
        {
            problems.Add(new Problem(Problem.BadMethod, method.Locations.FirstOrDefault(), $"{method.ContainingType.Name}.{method.Name}"));
            return;
        }

        foreach (ITypeSymbol type in method.Parameters.Select(p => p.Type).Concat(result is null ? [] : [result]))
        {
            if (!TypeCodes.HasCodec(type) && type.ToDisplayString() != Token)
                problems.Add(new Problem(Problem.NoCodec, method.Locations.FirstOrDefault(), $"{method.ContainingType.Name}.{method.Name} with {type.ToDisplayString()}"));
        }

        string resultType = result is null ? "global::Orleans.Calls.NoResult" : Names.Full(result);
        string parameters = string.Join(", ", method.Parameters.Select((p, i) => $"{Names.Full(p.Type)} a{i}"));
        string assignments = string.Join(", ", method.Parameters.Select((_, i) => $"A{i} = a{i}"));
        string call = Names.Has(method, "Orleans.Concurrency.OneWayAttribute") ? "CallOneWay" : "Call";
        int token = method.Parameters.ToList().FindIndex(p => p.Type.ToDisplayString() == Token);
        string giveUp = token >= 0 && call == "Call" ? $", a{token}" : "";
        string send = $"{call}(new {request} {{ {assignments} }}{giveUp})";
        if (isValueTask) send = $"new {Names.Full(method.ReturnType)}({send})";
        code.AppendLine($"    {Names.Full(method.ReturnType)} {owner}.{method.Name}({parameters}) => {send};");
        EmitRequest(method, request, owner, result, resultType, code);
    }

    private static void EmitRequest(IMethodSymbol method, string request, string owner, ITypeSymbol? result, string resultType, StringBuilder code)
    {
        IParameterSymbol[] parameters = [.. method.Parameters];
        (ITypeSymbol Type, int Index)[] sent = [.. parameters.Select((p, i) => (p.Type, i)).Where(p => p.Type.ToDisplayString() != Token)];
        string types = string.Concat(parameters.Select(p => $", typeof({Names.ForTypeOf(p.Type)})"));
        code.AppendLine($"    internal sealed class {request} : global::Orleans.Calls.GrainRequest<{resultType}>").AppendLine("    {");
        code.AppendLine($"        private static readonly global::Orleans.Calls.GrainMethod Known = new(typeof({Names.ForTypeOf(method.ContainingType)}), "
            + $"{Names.Literal(Names.Alias(method.ContainingType, method.ContainingType.Name))}, {Names.Literal(Names.Alias(method, method.Name))}, {Traits(method)}{types});");
        for (int i = 0; i < parameters.Length; i++) code.AppendLine($"        public {Names.Full(parameters[i].Type)} A{i} = default!;");
        code.AppendLine("        public override global::Orleans.Calls.GrainMethod Method => Known;");
        string arguments = string.Join(", ", parameters.Select((_, i) => $"A{i}"));
        code.AppendLine($"        protected override global::System.Threading.Tasks.Task<{resultType}> InvokeMethod(object grain) => "
            + $"global::Orleans.Calls.ResultAdapter.From((({owner})grain).{method.Name}({arguments}));");
        if (parameters.Length > 0)
            code.AppendLine($"        public override global::System.Collections.Generic.IReadOnlyList<object?> GetArguments() => new object?[] {{ {arguments} }};");

        (ITypeSymbol Type, int Index)[] mutable = [.. sent.Where(p => !TypeCodes.IsImmutable(p.Type) && !Names.Has(parameters[p.Index], "Orleans.ImmutableAttribute"))];
        if (mutable.Length > 0)
            code.AppendLine($"        public override void CopyArguments() {{ {string.Concat(mutable.Select(p => $"A{p.Index} = {TypeCodes.Copy(p.Type, $"A{p.Index}")}; "))}}}");
        if (sent.Length > 0)
        {
            code.AppendLine($"        public override void WriteArguments(global::Orleans.Serialization.CodecWriter w) {{ {string.Concat(sent.Select(p => TypeCodes.Write(p.Type, "w", $"A{p.Index}") + "; "))}}}");
            code.AppendLine($"        public override void ReadArguments(global::Orleans.Serialization.CodecReader r) {{ {string.Concat(sent.Select(p => $"A{p.Index} = {TypeCodes.Read(p.Type, "r")}; "))}}}");
        }

        if (result is not null)
        {
            if (!TypeCodes.IsImmutable(result)) code.AppendLine($"        protected override {resultType} CopyResult({resultType} result) => {TypeCodes.Copy(result, "result")};");
            code.AppendLine($"        public override void WriteResult(global::Orleans.Serialization.CodecWriter w, {resultType} result) => {TypeCodes.Write(result, "w", "result")};");
            code.AppendLine($"        public override {resultType} ReadResult(global::Orleans.Serialization.CodecReader r) => {TypeCodes.Read(result, "r")};");
        }

        code.AppendLine("    }");
    }

    private static string Traits(IMethodSymbol method)
    {
        const string Type = "global::Orleans.Calls.GrainMethodTraits";
        string traits = $"{Type}.None";
        foreach (string trait in new[] { "AlwaysInterleave", "ReadOnly", "OneWay" })
            if (Names.Has(method, $"Orleans.Concurrency.{trait}Attribute")) traits += $" | {Type}.{trait}";
        return traits;
    }

    private static ITypeSymbol? Result(IMethodSymbol method, out bool isValueTask, out bool isMethod)
    {
        string name = (method.ReturnType as INamedTypeSymbol)?.OriginalDefinition.ToDisplayString() ?? "";
        isValueTask = name.StartsWith("System.Threading.Tasks.ValueTask");
        isMethod = name is "System.Threading.Tasks.Task" or "System.Threading.Tasks.Task<TResult>"
            or "System.Threading.Tasks.ValueTask" or "System.Threading.Tasks.ValueTask<TResult>";
        return method.ReturnType is INamedTypeSymbol { IsGenericType: true } generic ? generic.TypeArguments[0] : null;
    }
}
