using System.Reflection;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Orleans;

/// <summary>A call as filters see it.</summary>
public interface IGrainCallContext
{
    /// <summary>The request: its arguments.</summary>
    IInvokable Request { get; }

    /// <summary>The method of the interface.</summary>
    MethodInfo InterfaceMethod { get; }

    /// <summary>The name of the interface.</summary>
    string InterfaceName { get; }

    /// <summary>The name of the method.</summary>
    string MethodName { get; }

    /// <summary>The grain that is called.</summary>
    GrainId TargetId { get; }

    /// <summary>The grain that calls; null from outside.</summary>
    GrainId? SourceId { get; }

    /// <summary>The result after <see cref="Invoke"/>; a filter may replace it.</summary>
    object? Result { get; set; }

    /// <summary>Runs the rest of the chain and the call.</summary>
    Task Invoke();
}

/// <summary>A call as filters on the caller's side see it.</summary>
public interface IOutgoingGrainCallContext : IGrainCallContext;

/// <summary>A call as filters on the grain's side see it.</summary>
public interface IIncomingGrainCallContext : IGrainCallContext
{
    /// <summary>The instance that is called.</summary>
    object Grain { get; }
}

/// <summary>Runs around every call on the caller's side.</summary>
public interface IOutgoingGrainCallFilter
{
    /// <summary>Sees the call; goes on with <see cref="IGrainCallContext.Invoke"/>.</summary>
    Task Invoke(IOutgoingGrainCallContext context);
}

/// <summary>Runs around every call on the grain's side, as part of its turn. A grain class may implement it for itself.</summary>
public interface IIncomingGrainCallFilter
{
    /// <summary>Sees the call; goes on with <see cref="IGrainCallContext.Invoke"/>.</summary>
    Task Invoke(IIncomingGrainCallContext context);
}
