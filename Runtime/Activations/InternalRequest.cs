using Orleans.Calls;
using Orleans.Serialization;

namespace Orleans.Activations;

/// <summary>A turn that the runtime makes itself: activation, deactivation, the tick of a timer.</summary>
internal sealed class InternalRequest(string name, Func<Task> run, Action<Exception?> ended, bool interleaves, bool keepsAlive) : GrainRequest
{
    private Task? _pending;

    public override GrainMethod Method { get; } = new(typeof(InternalRequest), "runtime", name, GrainMethodTraits.None);

    internal override bool Interleaves => interleaves;

    internal override bool KeepsAlive => keepsAlive;

    internal override bool IsAnswered => HasEnded;

    internal override bool IsMeasured => false;

    internal override bool HasFailed => false;

    internal override Exception? Error => null;

    internal override void OnAnswered(Action action) => throw new InvalidOperationException("Nobody waits for the runtime's own turns.");

    internal override void WriteAnswer(CodecWriter writer) => throw new InvalidOperationException("The runtime's own turns stay in their process.");

    internal override void ReadAnswer(CodecReader reader) => throw new InvalidOperationException("The runtime's own turns stay in their process.");

    protected internal override void Invoke(object grain)
    {
        Task task = run();
        if (task.IsCompleted)
        {
            Complete(task);
            return;
        }

        _pending = task;
        task.GetAwaiter().UnsafeOnCompleted(() => Complete(_pending));
    }

    protected internal override Task<object?> InvokeBoxed(object grain) =>
        throw new InvalidOperationException("The runtime's own turns have no filters.");

    protected internal override void CompleteBoxed(object? result) =>
        throw new InvalidOperationException("The runtime's own turns have no filters.");

    protected internal override bool TryFail(Exception error)
    {
        ended(error);
        return true;
    }

    /// <summary>Starts outside of the mailbox's order, for activation and deactivation.</summary>
    internal void RunNow(Activation activation)
    {
        Activation = activation;
        SetSynchronizationContext(this);
        try
        {
            Invoke(this);
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    private void Complete(Task task)
    {
        ended(task.IsCompletedSuccessfully ? null : task.Exception?.GetBaseException() ?? new OperationCanceledException());
        Ended();
    }
}
