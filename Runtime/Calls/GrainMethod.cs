using System.Reflection;
using Orleans.Runtime;

namespace Orleans.Calls;

/// <summary>How calls of a method are scheduled.</summary>
[Flags]
public enum GrainMethodTraits
{
    /// <summary>One call at a time.</summary>
    None = 0,

    /// <summary>Runs between the awaits of any other call.</summary>
    AlwaysInterleave = 1,

    /// <summary>Runs between the awaits of other read-only calls.</summary>
    ReadOnly = 2,

    /// <summary>The caller does not wait.</summary>
    OneWay = 4,
}

/// <summary>What is known of a grain method before any call; generated once a method.</summary>
public sealed class GrainMethod(Type interfaceType, string interfaceName, string name, GrainMethodTraits traits, params Type[] parameterTypes)
{
    private static int _numbered;
    private MethodInfo? _methodInfo;
    private int _number;

    /// <summary>The interface.</summary>
    public Type InterfaceType { get; } = interfaceType;

    /// <summary>The alias of the interface.</summary>
    public string InterfaceName { get; } = interfaceName;

    /// <summary>The alias of the method.</summary>
    public string Name { get; } = name;

    /// <summary>The method on the wire: a hash of its name, the same in every version and process.</summary>
    internal uint Id { get; } = GrainId.Create(interfaceName, name).GetUniformHashCode();

    /// <summary>Its place in tables of this process; given when it is first asked for.</summary>
    internal int Index => (_number != 0 ? _number : Number()) - 1;

    /// <summary>What spans of its calls are called.</summary>
    public string SpanName { get; } = $"{interfaceType.Name}/{name}";

    /// <summary>How calls are scheduled.</summary>
    public GrainMethodTraits Traits { get; } = traits;

    /// <summary>The reflected method, looked up when a filter first asks for it.</summary>
    public MethodInfo MethodInfo => _methodInfo ??= Find();

    /// <inheritdoc/>
    public override string ToString() => $"{InterfaceName}.{Name}";

    private int Number()
    {
        Interlocked.CompareExchange(ref _number, Interlocked.Increment(ref _numbered), 0);
        return _number;
    }

    private MethodInfo Find() =>
        InterfaceType.GetMethods().Concat(InterfaceType.GetInterfaces().SelectMany(i => i.GetMethods()))
            .First(m => (m.GetCustomAttribute<AliasAttribute>()?.Alias ?? m.Name) == Name
                && m.GetParameters().Select(p => p.ParameterType).SequenceEqual(parameterTypes));
}
