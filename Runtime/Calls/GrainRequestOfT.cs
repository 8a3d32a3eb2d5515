using Orleans.Messaging;
using Orleans.Serialization;

namespace Orleans.Calls;

/// <summary>A call with a result.</summary>
public abstract class GrainRequest<T> : GrainRequest
{
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task<T>? _pending;

    /// <summary>What the caller awaits.</summary>
    public Task<T> Answer => _completion.Task;

    /// <summary>A copy of the result, if callers may not share it with the grain.</summary>
    protected virtual T CopyResult(T result) => result;

    /// <summary>Writes a result for another process.</summary>
    public virtual void WriteResult(CodecWriter writer, T result) => throw new NotSupportedException($"{Method} has no result.");

    /// <summary>Reads the result that <see cref="WriteResult"/> wrote.</summary>
    public virtual T ReadResult(CodecReader reader) => throw new NotSupportedException($"{Method} has no result.");

    internal sealed override bool IsAnswered => _completion.Task.IsCompleted;

    internal sealed override bool HasFailed => _completion.Task.IsFaulted;

    internal sealed override Exception? Error => _completion.Task.Exception?.InnerException;

    internal sealed override void OnAnswered(Action action) => _completion.Task.GetAwaiter().UnsafeOnCompleted(action);

    internal sealed override void WriteAnswer(CodecWriter writer)
    {
        Task<T> answer = _completion.Task;
        if (!answer.IsCompletedSuccessfully)
        {
            CallCodec.WriteError(writer, answer.Exception?.GetBaseException() ?? new OperationCanceledException());
            return;
        }

        writer.WriteByte((byte)AnswerStatus.Result);
        if (typeof(T) != typeof(NoResult)) WriteResult(writer, answer.Result);
    }

    internal sealed override void ReadAnswer(CodecReader reader) => _completion.TrySetResult(typeof(T) == typeof(NoResult) ? default! : ReadResult(reader));

    /// <summary>Calls the method.</summary>
    protected abstract Task<T> InvokeMethod(object grain);

    /// <inheritdoc/>
    protected internal sealed override void Invoke(object grain)
    {
        Task<T> task = InvokeMethod(grain);
        if (task.IsCompleted)
        {
            Complete(task);
            return;
        }

        _pending = task;
        task.GetAwaiter().UnsafeOnCompleted(CompletePending);
    }

    /// <inheritdoc/>
    protected internal sealed override async Task<object?> InvokeBoxed(object grain) => await InvokeMethod(grain);

    /// <inheritdoc/>
    protected internal sealed override void CompleteBoxed(object? result)
    {
        _completion.TrySetResult(CopyResult((T)result!));
        Ended();
    }

    /// <inheritdoc/>
    protected internal sealed override bool TryFail(Exception error) => _completion.TrySetException(error);

    private void CompletePending() => Complete(_pending!);

    private void Complete(Task<T> task)
    {
        try
        {
            _completion.TrySetResult(CopyResult(task.GetAwaiter().GetResult()));
        }
        catch (OperationCanceledException e)
        {
            _completion.TrySetCanceled(e.CancellationToken);
        }
        catch (Exception e)
        {
            _completion.TrySetException(e);
        }

        Ended();
    }
}

/// <summary>The result of a call without one.</summary>
public readonly struct NoResult;

/// <summary>Turns the four kinds of result of grain methods into the one that requests work with.</summary>
public static class ResultAdapter
{
    private static readonly Task<NoResult> Done = Task.FromResult(default(NoResult));

    /// <summary>As is.</summary>
    public static Task<T> From<T>(Task<T> task) => task;

    /// <summary>A value task with a result.</summary>
    public static Task<T> From<T>(ValueTask<T> task) => task.AsTask();

    /// <summary>A task without a result.</summary>
    public static Task<NoResult> From(Task task) => task.IsCompletedSuccessfully ? Done : Wait(task);

    /// <summary>A value task without a result.</summary>
    public static Task<NoResult> From(ValueTask task) => task.IsCompletedSuccessfully ? Done : Wait(task.AsTask());

    private static async Task<NoResult> Wait(Task task)
    {
        await task;
        return default;
    }
}
