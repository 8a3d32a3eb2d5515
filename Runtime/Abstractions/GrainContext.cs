namespace Orleans.Runtime;

/// <summary>The activation around a grain instance.</summary>
public interface IGrainContext
{
    /// <summary>Who this is.</summary>
    GrainId GrainId { get; }

    /// <summary>The instance; null until it was constructed.</summary>
    object? GrainInstance { get; }

    /// <summary>The services of the silo.</summary>
    IServiceProvider ActivationServices { get; }

    /// <summary>References to other grains.</summary>
    IGrainFactory GrainFactory { get; }

    /// <summary>Ends the activation when the calls that run now have ended.</summary>
    void Deactivate(DeactivationReason deactivationReason, CancellationToken? cancellationToken = null);

    internal IGrainTimer RegisterTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options);
}
