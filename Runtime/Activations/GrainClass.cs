using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Calls;
using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans.Activations;

/// <summary>What the silo knows of a grain class; reflected once, when the silo starts.</summary>
internal sealed class GrainClass
{
    private readonly ConstructorInvoker _constructor;
    private readonly Func<Activation, IStateFacet?, object>[] _arguments;
    private readonly Func<Activation, IStateFacet>?[] _facets;

    public GrainClass(Type type, string name, TimeSpan collectionAge, IReadOnlyList<IIncomingGrainCallFilter> filters)
    {
        Type = type;
        Samples = new KeySamples(type.Name);
        GrainType = GrainType.Create(name);
        IsReentrant = type.IsDefined(typeof(ReentrantAttribute), inherit: true);
        MaxLocalWorkers = type.GetCustomAttribute<StatelessWorkerAttribute>()?.MaxLocalWorkers;
        CollectionAge = type.GetCustomAttribute<CollectionAgeLimitAttribute>()?.AgeLimit ?? collectionAge;
        Filters = filters;
        HasFilters = filters.Count > 0 || type.IsAssignableTo(typeof(IIncomingGrainCallFilter));

        ConstructorInfo[] constructors = type.GetConstructors();
        if (constructors.Length != 1) throw new InvalidOperationException($"{type} must have exactly one public constructor; it has {constructors.Length}.");
        _constructor = ConstructorInvoker.Create(constructors[0]);
        ParameterInfo[] parameters = constructors[0].GetParameters();
        _facets = [.. parameters.Select(FacetOf)];
        _arguments = [.. parameters.Select(ArgumentOf)];
    }

    public Type Type { get; }

    public GrainType GrainType { get; }

    public bool IsReentrant { get; }

    /// <summary>The limit of activations a silo; null when there is one in the cluster.</summary>
    public int? MaxLocalWorkers { get; }

    public TimeSpan CollectionAge { get; }

    public bool HasFilters { get; }

    /// <summary>How often its methods were called.</summary>
    public CallFiguresTable Figures { get; } = new();

    /// <summary>Which of its grains are called most and take longest.</summary>
    public KeySamples Samples { get; }

    public IReadOnlyList<IIncomingGrainCallFilter> Filters { get; }

    /// <summary>Makes an instance with services from the container and states that still have to be read.</summary>
    public object Construct(Activation activation, out IReadOnlyList<IStateFacet> facets)
    {
        List<IStateFacet>? made = null;
        var arguments = new object?[_arguments.Length];
        for (int i = 0; i < arguments.Length; i++)
        {
            IStateFacet? facet = _facets[i]?.Invoke(activation);
            if (facet is not null) (made ??= []).Add(facet);
            arguments[i] = _arguments[i](activation, facet);
        }

        facets = made ?? (IReadOnlyList<IStateFacet>)[];
        return _constructor.Invoke(arguments.AsSpan());
    }

    private static Func<Activation, IStateFacet>? FacetOf(ParameterInfo parameter)
    {
        if (parameter.GetCustomAttribute<PersistentStateAttribute>() is not { } attribute) return null;
        if (!parameter.ParameterType.IsGenericType || parameter.ParameterType.GetGenericTypeDefinition() != typeof(IPersistentState<>))
            throw new InvalidOperationException($"[PersistentState] is for parameters of type IPersistentState<T>; {parameter.Member.DeclaringType} {parameter.Name} is not.");
        ConstructorInvoker constructor = ConstructorInvoker.Create(
            typeof(PersistentState<>).MakeGenericType(parameter.ParameterType.GenericTypeArguments).GetConstructors()[0]);
        return activation => (IStateFacet)constructor.Invoke(activation.GrainId, attribute.StateName, Storage(activation.ActivationServices, attribute.StorageName));
    }

    private static IGrainStorage Storage(IServiceProvider services, string? name) =>
        (name is null ? services.GetService<IGrainStorage>() : services.GetKeyedService<IGrainStorage>(name))
        ?? throw new InvalidOperationException($"No grain storage named '{name ?? "Default"}' is configured; add it with AddMemoryGrainStorage or AddAdoNetGrainStorage.");

    private static Func<Activation, IStateFacet?, object> ArgumentOf(ParameterInfo parameter)
    {
        Type type = parameter.ParameterType;
        if (parameter.IsDefined(typeof(PersistentStateAttribute))) return (_, facet) => facet!;
        if (type == typeof(IGrainContext)) return (activation, _) => activation;
        if (type == typeof(IGrainFactory)) return (activation, _) => activation.GrainFactory;
        return (activation, _) => activation.ActivationServices.GetRequiredService(type);
    }
}
