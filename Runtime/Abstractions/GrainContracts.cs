using Orleans.Runtime;

namespace Orleans;

/// <summary>Anything that can be called by address.</summary>
public interface IAddressable;

/// <summary>The base of every grain interface.</summary>
public interface IGrain : IAddressable;

/// <summary>A grain whose key is a string.</summary>
public interface IGrainWithStringKey : IGrain;

/// <summary>The base of every grain class.</summary>
public interface IGrainBase
{
    /// <summary>The activation that this instance lives in.</summary>
    IGrainContext GrainContext { get; }

    /// <summary>Called once before the first call; a failure rejects the calls that wait for this activation.</summary>
    Task OnActivateAsync(CancellationToken token) => Task.CompletedTask;

    /// <summary>Called once after the last call.</summary>
    Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token) => Task.CompletedTask;
}

/// <summary>Hands out references to grains. A grain needs no creation: it is there when it is called.</summary>
public interface IGrainFactory
{
    /// <summary>A reference to the grain of this interface with this key. Costs no call.</summary>
    /// <exception cref="ArgumentException">The key is empty or no grain class implements the interface.</exception>
    TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey;

    /// <summary>A reference to a grain that is known by its identity only. Costs no call; the call fails when its class has no such method.</summary>
    TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable;
}

/// <summary>A grain factory for code outside of grains.</summary>
public interface IClusterClient : IGrainFactory
{
    /// <summary>The services of the host.</summary>
    IServiceProvider ServiceProvider { get; }
}

/// <summary>Base class of grains.</summary>
public abstract class Grain : IGrainBase, IAddressable
{
    /// <inheritdoc/>
    public IGrainContext GrainContext { get; } = Activations.Activation.ConstructedNow
        ?? throw new InvalidOperationException("A grain is constructed by its silo, not with 'new'.");

    /// <summary>References to other grains.</summary>
    protected IGrainFactory GrainFactory => GrainContext.GrainFactory;

    /// <summary>The services of the silo.</summary>
    protected internal IServiceProvider ServiceProvider => GrainContext.ActivationServices;

    /// <inheritdoc/>
    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Deactivates this activation when the calls that run now have ended; later calls meet a new one.</summary>
    protected void DeactivateOnIdle() =>
        GrainContext.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "DeactivateOnIdle was called."));
}

/// <summary>What every grain may ask of itself.</summary>
public static class GrainExtensions
{
    /// <summary>The key of this grain.</summary>
    public static string GetPrimaryKeyString(this IGrainBase grain) => grain.GrainContext.GrainId.Key.Value;

    /// <summary>The identity of a grain or behind a reference.</summary>
    public static GrainId GetGrainId(this IAddressable grain) => grain switch
    {
        GrainReference reference => reference.GrainId,
        IGrainBase instance => instance.GrainContext.GrainId,
        _ => throw new ArgumentException($"{grain.GetType()} is not a grain.", nameof(grain)),
    };

    /// <summary>Starts a timer that ticks as a turn of this grain; it ends with the activation.</summary>
    public static IGrainTimer RegisterGrainTimer(this IGrainBase grain, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options) =>
        grain.GrainContext.RegisterTimer(callback, options);

    /// <summary>Starts a timer that ticks as a turn of this grain; it ends with the activation.</summary>
    public static IGrainTimer RegisterGrainTimer(this IGrainBase grain, Func<CancellationToken, Task> callback, TimeSpan dueTime, TimeSpan period) =>
        grain.GrainContext.RegisterTimer(callback, new GrainTimerCreationOptions(dueTime, period));
}
