using System.Collections.Immutable;
using System.Diagnostics;
using Orleans.Activations;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Calls;

/// <summary>
/// One call of a grain. It is at once the message, the entry in the mailbox and the synchronization context of its own turns,
/// so that a call costs three objects and the running call is always known without an async local.
/// </summary>
public abstract class GrainRequest : SynchronizationContext, ITurn
{
    private int _ended;
    private long _startedAt;

    // For how many calls it stands when it is timed.
    private int _weight;

    /// <summary>What is called.</summary>
    public abstract GrainMethod Method { get; }

    ITurn? ITurn.Next { get; set; }

    internal GrainReference? Target { get; set; }

    internal Activation? Activation { get; set; }

    /// <summary>The call in whose turn this one was made; cut when this call ends, so that chains do not pile up.</summary>
    internal GrainRequest? Caller { get; set; }

    internal GrainId? SourceId { get; set; }

    internal long DeadlineMs { get; set; } = long.MaxValue;

    internal CallAmbience? Ambience { get; set; }

    /// <summary>The span of this call; null when nobody collects its trace.</summary>
    private Activity? Span { get; set; }

    /// <summary>How often the call went from one silo to another.</summary>
    internal int Hops { get; set; }

    /// <summary>How often the call was routed again because it did not begin.</summary>
    internal int Retries { get; set; }

    /// <summary>The call is with another process, or was when it was last heard of.</summary>
    internal bool WasSent { get; set; }

    /// <summary>Why the call did not begin; null when it did or still may.</summary>
    internal Exception? Rejection { get; set; }

    internal GrainRequest? Previous { get; set; }

    internal GrainRequest? Following { get; set; }

    internal bool IsListed { get; set; }

    internal bool IsCounted { get; set; }

    /// <summary>The caller was told that time is up; if the call has not started, it never will.</summary>
    internal bool IsAbandoned { get; set; }

    internal bool HasEnded => Volatile.Read(ref _ended) != 0;

    internal virtual bool Interleaves => (Method.Traits & GrainMethodTraits.AlwaysInterleave) != 0;

    internal bool IsReadOnly => (Method.Traits & GrainMethodTraits.ReadOnly) != 0;

    internal bool IsOneWay => (Method.Traits & GrainMethodTraits.OneWay) != 0;

    internal virtual bool KeepsAlive => true;

    /// <summary>Whether it counts among the calls of its grain; turns that the runtime makes do not.</summary>
    internal virtual bool IsMeasured => true;

    /// <summary>Whether the caller was told an error.</summary>
    internal abstract bool HasFailed { get; }

    /// <summary>Whether the caller has been told how the call ended.</summary>
    internal abstract bool IsAnswered { get; }

    /// <summary>The error that the caller was told; null when there is none.</summary>
    internal abstract Exception? Error { get; }

    /// <summary>Runs the action when the caller has been told.</summary>
    internal abstract void OnAnswered(Action action);

    /// <summary>Writes how the call ended, for the caller's process.</summary>
    internal abstract void WriteAnswer(CodecWriter writer);

    /// <summary>Reads the result that another process wrote and tells the caller.</summary>
    internal abstract void ReadAnswer(CodecReader reader);

    /// <summary>The arguments, boxed, for filters.</summary>
    public virtual IReadOnlyList<object?> GetArguments() => [];

    /// <summary>Replaces mutable arguments by copies, so that caller and grain share none.</summary>
    public virtual void CopyArguments()
    {
    }

    /// <summary>Writes the arguments for another process.</summary>
    public virtual void WriteArguments(CodecWriter writer)
    {
    }

    /// <summary>Reads the arguments that <see cref="WriteArguments"/> wrote.</summary>
    public virtual void ReadArguments(CodecReader reader)
    {
    }

    /// <inheritdoc/>
    public sealed override void Post(SendOrPostCallback d, object? state) => Activation!.Enqueue(new Continuation(this, d, state));

    /// <inheritdoc/>
    public sealed override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("A turn cannot wait for another turn; use await.");

    /// <inheritdoc/>
    public sealed override SynchronizationContext CreateCopy() => this;

    void ITurn.Run(Activation activation) => activation.Accept(this);

    internal void Start(Activation activation)
    {
        SetSynchronizationContext(this);
        CallAmbience? ambience = Ambience;
        ambience?.Enter();
        if (ambience is not null) Span = CallTrace.Begin(this);
        if (IsMeasured && activation.Class.Figures.Of(Method).Count() is > 0 and int weight) (_startedAt, _weight) = (Stopwatch.GetTimestamp(), weight);
        try
        {
            if (activation.Class.HasFilters) FilterChain.Incoming(this, activation);
            else Invoke(activation.GrainInstance!);
        }
        catch (Exception e)
        {
            Fail(e);
        }
        finally
        {
            ambience?.Leave();
        }
    }

    /// <summary>Calls the method on the instance and arranges for <see cref="Ended"/>.</summary>
    protected internal abstract void Invoke(object grain);

    /// <summary>Calls the method and yields the boxed result, for filters.</summary>
    protected internal abstract Task<object?> InvokeBoxed(object grain);

    /// <summary>Ends the call with the boxed result that filters left.</summary>
    protected internal abstract void CompleteBoxed(object? result);

    /// <summary>Ends the wait of the caller with an error; false when the call had ended before.</summary>
    protected internal abstract bool TryFail(Exception error);

    /// <summary>Ends the turn with an error.</summary>
    protected internal void Fail(Exception error)
    {
        TryFail(error);
        Ended();
    }

    /// <summary>The method has ended; once only, whatever was said to the caller before.</summary>
    protected void Ended()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0) return;
        if (Span is { } span) CallTrace.End(span, Error);
        if (_startedAt != 0) Took(Activation!, Stopwatch.GetElapsedTime(_startedAt));
        if (HasFailed && IsMeasured) Activation!.Class.Figures.Of(Method).CountFailure();
        Activation!.OnEnded(this);
    }

    private void Took(Activation activation, TimeSpan time)
    {
        activation.Silo.Instruments.Took(activation.Class.Type, Method, time);
        activation.Class.Samples.Add(activation.GrainId.Key.Value, time, _weight);
    }

    private sealed class Continuation(GrainRequest request, SendOrPostCallback callback, object? state) : ITurn
    {
        public ITurn? Next { get; set; }

        public void Run(Activation activation)
        {
            SetSynchronizationContext(request);
            callback(state);
        }
    }
}

/// <summary>What flows along with a call besides its arguments: request context and trace context.</summary>
internal sealed class CallAmbience(ImmutableDictionary<string, object>? values, Activity? activity, ActivityContext? parent)
{
    public ImmutableDictionary<string, object>? Values => values;

    /// <summary>The span that the call was made in, in this process or in another.</summary>
    public ActivityContext? Parent => parent;

    public string? TraceParent => activity?.Id;

    public static CallAmbience? Capture()
    {
        Activity? activity = Activity.Current;
        return Of(RequestContext.Current, activity, activity?.Context);
    }

    /// <summary>What came from another process.</summary>
    public static CallAmbience? Of(ImmutableDictionary<string, object>? values, string? traceParent)
    {
        if (traceParent is null) return Of(values, null, null);
        Activity? before = Activity.Current;
        Activity activity = new Activity("grain call").SetParentId(traceParent).Start();
        Activity.Current = before;
        return Of(values, activity, ActivityContext.TryParse(traceParent, null, isRemote: true, out ActivityContext parent) ? parent : null);
    }

    public void Enter()
    {
        if (values is not null) RequestContext.Current = values;
        if (activity is not null) Activity.Current = activity;
    }

    public void Leave()
    {
        if (values is not null) RequestContext.Current = null;
        if (activity is not null) Activity.Current = null;
    }

    private static CallAmbience? Of(ImmutableDictionary<string, object>? values, Activity? activity, ActivityContext? parent) =>
        values is null && activity is null ? null : new CallAmbience(values, activity, parent);
}
