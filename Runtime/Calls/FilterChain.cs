using System.Reflection;
using Orleans.Activations;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Orleans.Calls;

/// <summary>Runs filters around a call; only calls of silos that have filters pay for it.</summary>
internal static class FilterChain
{
    /// <summary>Starts the chain on the grain's side, within the turn of the request.</summary>
    public static void Incoming(GrainRequest request, Activation activation) => _ = RunIncoming(request, activation);

    /// <summary>Runs the chain on the caller's side; the call itself goes to the router.</summary>
    public static async Task<T> Outgoing<T>(GrainRequest<T> request, IReadOnlyList<IOutgoingGrainCallFilter> filters, ICallRouter router)
    {
        var context = new OutgoingContext(request, filters, async () =>
        {
            router.Send(request);
            return (object?)await request.Answer;
        });
        await context.Invoke();
        return (T)context.Result!;
    }

    // Never faults: every failure becomes the answer of the request.
    private static async Task RunIncoming(GrainRequest request, Activation activation)
    {
        try
        {
            var context = new IncomingContext(request, activation);
            await context.Invoke();
            request.CompleteBoxed(context.Result);
        }
        catch (Exception e)
        {
            request.Fail(e);
        }
    }

    private abstract class Context(GrainRequest request) : IGrainCallContext, IInvokable
    {
        private int _stage;
        private IReadOnlyList<object?>? _arguments;

        public IInvokable Request => this;

        public MethodInfo InterfaceMethod => request.Method.MethodInfo;

        public string InterfaceName => request.Method.InterfaceName;

        public string MethodName => request.Method.Name;

        public GrainId TargetId => request.Target!.GrainId;

        public GrainId? SourceId => request.SourceId;

        public object? Result { get; set; }

        protected abstract int FilterCount { get; }

        public int GetArgumentCount() => (_arguments ??= request.GetArguments()).Count;

        public object? GetArgument(int index) => (_arguments ??= request.GetArguments())[index];

        public async Task Invoke()
        {
            int stage = _stage++;
            if (stage < FilterCount) await RunFilter(stage);
            else if (stage == FilterCount) Result = await Call();
            else throw new InvalidOperationException("The call was invoked twice by a filter.");
        }

        protected abstract Task RunFilter(int stage);

        protected abstract Task<object?> Call();
    }

    private sealed class IncomingContext(GrainRequest request, Activation activation) : Context(request), IIncomingGrainCallContext
    {
        private readonly GrainRequest _request = request;

        public object Grain => activation.GrainInstance!;

        protected override int FilterCount => activation.Class.Filters.Count + (Grain is IIncomingGrainCallFilter ? 1 : 0);

        protected override Task RunFilter(int stage) =>
            (stage < activation.Class.Filters.Count ? activation.Class.Filters[stage] : (IIncomingGrainCallFilter)Grain).Invoke(this);

        protected override Task<object?> Call() => _request.InvokeBoxed(Grain);
    }

    private sealed class OutgoingContext(GrainRequest request, IReadOnlyList<IOutgoingGrainCallFilter> filters, Func<Task<object?>> call)
        : Context(request), IOutgoingGrainCallContext
    {
        protected override int FilterCount => filters.Count;

        protected override Task RunFilter(int stage) => filters[stage].Invoke(this);

        protected override Task<object?> Call() => call();
    }
}
