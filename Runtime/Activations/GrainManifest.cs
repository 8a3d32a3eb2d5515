using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Calls;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Activations;

/// <summary>All grain interfaces, grain classes and codecs that the generator found in the assemblies of this application.</summary>
internal sealed class GrainManifest
{
    private readonly FrozenDictionary<Type, Func<GrainReferenceSeed, GrainReference>> _references;
    private readonly Lazy<FrozenDictionary<uint, Func<GrainRequest>>> _requests;
    private readonly Dictionary<GrainType, Type> _classes = [];
    private readonly Dictionary<Type, List<GrainType>> _implementations = [];
    private readonly ConcurrentDictionary<GrainType, GrainClass> _grainClasses = new();
    private readonly Dictionary<string, List<GrainType>> _consumers = [];

    public GrainManifest() : this(ApplicationParts.All())
    {
    }

    public GrainManifest(IReadOnlyList<ApplicationPart> parts)
    {
        _references = parts.SelectMany(p => p.References).ToFrozenDictionary(r => r.Key, r => r.Value);
        _requests = new(() => Requests(parts));
        foreach (Type type in parts.SelectMany(p => p.GrainClasses))
        {
            GrainType name = GrainType.Create(type.GetCustomAttribute<GrainTypeAttribute>()?.GrainType ?? DefaultName(type));
            if (!_classes.TryAdd(name, type)) throw new InvalidOperationException($"Two grain classes are named '{name}': {_classes[name]} and {type}. Give one a [GrainType].");
            foreach (ImplicitStreamSubscriptionAttribute subscription in type.GetCustomAttributes<ImplicitStreamSubscriptionAttribute>())
            {
                if (!_consumers.TryGetValue(subscription.Namespace, out List<GrainType>? consumers)) _consumers[subscription.Namespace] = consumers = [];
                consumers.Add(name);
            }

            foreach (Type contract in type.GetInterfaces().Where(_references.ContainsKey))
            {
                if (!_implementations.TryGetValue(contract, out List<GrainType>? names)) _implementations[contract] = names = [];
                names.Add(name);
            }
        }
    }

    public GrainType TypeOf(Type contract, string? classNamePrefix)
    {
        if (!_implementations.TryGetValue(contract, out List<GrainType>? names)) throw new ArgumentException($"No grain class implements {contract}.");
        return classNamePrefix is null && names.Count == 1 ? names[0] : Only(contract, names, classNamePrefix);
    }

    private GrainType Only(Type contract, List<GrainType> names, string? classNamePrefix)
    {
        List<GrainType> matching = [.. names.Where(n => classNamePrefix is not null && _classes[n].FullName!.StartsWith(classNamePrefix, StringComparison.Ordinal))];
        return matching.Count == 1
            ? matching[0]
            : throw new ArgumentException($"{contract} is implemented by {string.Join(", ", names)}; name one of them with grainClassNamePrefix.");
    }

    /// <summary>The grain classes that consume every stream of a namespace.</summary>
    public IReadOnlyList<GrainType> ConsumersOf(string? streamNamespace) =>
        streamNamespace is not null && _consumers.TryGetValue(streamNamespace, out List<GrainType>? consumers) ? consumers : [];

    public GrainReference MakeReference(Type contract, GrainReferenceSeed seed) => _references.TryGetValue(contract, out var make)
        ? make(seed)
        : throw new ArgumentException($"{contract} is not a grain interface.");

    /// <summary>An empty request of the method with this number; null when no interface here has it.</summary>
    public GrainRequest? MakeRequest(uint method) => _requests.Value.TryGetValue(method, out Func<GrainRequest>? make) ? make() : null;

    /// <summary>The grain classes that have been asked for.</summary>
    public IEnumerable<GrainClass> Classes => _grainClasses.Values;

    public GrainClass ClassOf(GrainType type, IServiceProvider services)
    {
        if (_grainClasses.TryGetValue(type, out GrainClass? known)) return known;
        if (!_classes.TryGetValue(type, out Type? found)) throw new InvalidOperationException($"No grain class is named '{type}' on this silo.");
        TimeSpan age = services.GetRequiredService<IOptions<GrainCollectionOptions>>().Value.CollectionAge;
        return _grainClasses.GetOrAdd(type, new GrainClass(found, type.Value, age, [.. services.GetServices<IIncomingGrainCallFilter>()]));
    }

    // A method that several interfaces inherit is there several times, and is the same each time.
    private static FrozenDictionary<uint, Func<GrainRequest>> Requests(IReadOnlyList<ApplicationPart> parts)
    {
        Dictionary<uint, (string Name, Func<GrainRequest> Make)> requests = [];
        foreach (Func<GrainRequest> make in parts.SelectMany(p => p.Requests))
        {
            GrainMethod method = make().Method;
            if (requests.TryAdd(method.Id, (method.ToString(), make)) || requests[method.Id].Name == method.ToString()) continue;
            throw new InvalidOperationException($"{method} and {requests[method.Id].Name} have the same number on the wire; give one another [Alias].");
        }

        return requests.ToFrozenDictionary(r => r.Key, r => r.Value.Make);
    }

    // The documented default of Orleans: the class name without "Grain", lower case.
    private static string DefaultName(Type type)
    {
        string name = type.Name.ToLowerInvariant();
        return name.EndsWith("grain", StringComparison.Ordinal) && name.Length > 5 ? name[..^5] : name;
    }
}
