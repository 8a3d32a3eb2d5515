namespace Orleans.Calls;

/// <summary>The figures of a grain class, by method.</summary>
internal sealed class CallFiguresTable
{
    private readonly Lock _adding = new();
    private CallFigures?[] _methods = [];

    public IEnumerable<CallFigures> All => Volatile.Read(ref _methods).OfType<CallFigures>();

    public CallFigures Of(GrainMethod method)
    {
        CallFigures?[] methods = Volatile.Read(ref _methods);
        int index = method.Index;
        return index < methods.Length && methods[index] is { } known ? known : Add(method);
    }

    private CallFigures Add(GrainMethod method)
    {
        lock (_adding)
        {
            if (method.Index >= _methods.Length)
            {
                CallFigures?[] larger = new CallFigures?[method.Index + 1];
                _methods.CopyTo(larger, 0);
                Volatile.Write(ref _methods, larger);
            }

            return _methods[method.Index] ??= new CallFigures(method);
        }
    }
}
