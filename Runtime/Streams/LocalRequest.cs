using Orleans.Calls;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Streams;

/// <summary>A turn of a grain that has its place on this silo; it is not sent anywhere else.</summary>
internal sealed class LocalRequest<T>(string name, Func<object, Task<T>> run) : GrainRequest<T>
{
    public override GrainMethod Method { get; } = new(typeof(IGrain), "streams", name, GrainMethodTraits.None);

    internal override bool IsMeasured => false;

    public override void WriteArguments(CodecWriter writer) => throw new OrleansMessageRejectionException("The grain's place is another silo now; the turn did not happen.");

    protected override Task<T> InvokeMethod(object grain) => run(grain);
}
