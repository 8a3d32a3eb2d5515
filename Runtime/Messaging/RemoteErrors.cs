using System.Collections.Concurrent;
using System.Reflection;

namespace Orleans.Messaging;

/// <summary>
/// Errors that were thrown in another process, made again here with their type and message. Only types of this application and
/// of the framework's core that take a message can be made; any other becomes an <see cref="Serialization.UnavailableExceptionFallbackException"/>.
/// </summary>
internal static class RemoteErrors
{
    private static readonly ConcurrentDictionary<string, ConstructorInfo?> Constructors = new();

    public static Exception Make(string typeName, string message)
    {
        ConstructorInfo? constructor = Constructors.Count < 1_000 ? Constructors.GetOrAdd(typeName, Find) : Find(typeName);
        if (constructor is null) return new Serialization.UnavailableExceptionFallbackException($"{typeName}: {message}") { ExceptionType = typeName };
        return (Exception)constructor.Invoke([.. constructor.GetParameters().Select(p => p.ParameterType == typeof(string) ? (object)message : null)]);
    }

    private static ConstructorInfo? Find(string typeName)
    {
        Type? type = AppDomain.CurrentDomain.GetAssemblies()
            .Where(a => !a.IsDynamic && (a == typeof(object).Assembly || a == typeof(RemoteErrors).Assembly || a.IsDefined(typeof(Serialization.ApplicationPartAttribute))))
            .Select(a => a.GetType(typeName, throwOnError: false))
            .FirstOrDefault(t => t is { IsAbstract: false, IsGenericTypeDefinition: false } && t.IsAssignableTo(typeof(Exception)));
        return type?.GetConstructor([typeof(string), typeof(Exception)]) ?? type?.GetConstructor([typeof(string)]);
    }
}
