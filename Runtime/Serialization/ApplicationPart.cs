using System.Reflection;
using Orleans.Calls;
using Orleans.Runtime;

namespace Orleans.Serialization;

/// <summary>Names the generated part of an assembly.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class ApplicationPartAttribute(Type partType) : Attribute
{
    /// <summary>A subclass of <see cref="ApplicationPart"/>.</summary>
    public Type PartType { get; } = partType;
}

/// <summary>What one assembly adds to the application: proxies, grain classes, codecs. Written by the generator.</summary>
public abstract class ApplicationPart
{
    private readonly Dictionary<Type, Func<GrainReferenceSeed, GrainReference>> _references = [];
    private readonly List<Func<GrainRequest>> _requests = [];
    private readonly List<Type> _grainClasses = [];
    private readonly List<Codec> _codecs = [];

    internal IReadOnlyDictionary<Type, Func<GrainReferenceSeed, GrainReference>> References => _references;

    internal IReadOnlyList<Func<GrainRequest>> Requests => _requests;

    internal IReadOnlyList<Type> GrainClasses => _grainClasses;

    internal IReadOnlyList<Codec> Codecs => _codecs;

    /// <summary>Adds the proxy of an interface.</summary>
    protected void AddReference<TInterface>(Func<GrainReferenceSeed, GrainReference> make) => _references[typeof(TInterface)] = make;

    /// <summary>Adds the request of a method, for calls that come from another process.</summary>
    protected void AddRequest(Func<GrainRequest> make) => _requests.Add(make);

    /// <summary>Adds a grain class.</summary>
    protected void AddGrainClass<TGrain>() => _grainClasses.Add(typeof(TGrain));

    /// <summary>Adds the codec of a type.</summary>
    protected void AddCodec<T>(string alias, Action<CodecWriter, T> write, Func<CodecReader, T> read, Func<T, T> copy) =>
        _codecs.Add(new Codec<T>(alias, write, read, copy));
}

internal static class ApplicationParts
{
    /// <summary>The parts of the entry assembly, of everything that it references and of everything that is loaded.</summary>
    public static IReadOnlyList<ApplicationPart> All()
    {
        Dictionary<string, Assembly> found = [];
        foreach (Assembly assembly in AppDomain.CurrentDomain.GetAssemblies()) Visit(assembly, found);
        return [.. found.Values
            .Select(a => a.GetCustomAttribute<ApplicationPartAttribute>())
            .OfType<ApplicationPartAttribute>()
            .Select(a => (ApplicationPart)Activator.CreateInstance(a.PartType, nonPublic: true)!)];
    }

    private static void Visit(Assembly assembly, Dictionary<string, Assembly> found)
    {
        if (assembly.IsDynamic || !found.TryAdd(assembly.FullName!, assembly) || IsFramework(assembly.GetName())) return;
        foreach (AssemblyName name in assembly.GetReferencedAssemblies())
        {
            if (IsFramework(name) || found.ContainsKey(name.FullName)) continue;
            try
            {
                Visit(Assembly.Load(name), found);
            }
            catch (FileNotFoundException)
            {
                // A reference that was compiled against and not shipped has no grains.
            }
        }
    }

    private static bool IsFramework(AssemblyName name) =>
        name.Name!.StartsWith("System.", StringComparison.Ordinal) || name.Name.StartsWith("Microsoft.", StringComparison.Ordinal)
        || name.Name is "mscorlib" or "netstandard" or "System";
}
