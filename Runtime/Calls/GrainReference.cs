using Orleans.Activations;
using Orleans.Calls;

namespace Orleans.Runtime;

/// <summary>The base of generated proxies: an address that can be called.</summary>
public abstract class GrainReference : IAddressable, IEquatable<GrainReference>
{
    private readonly ICallRouter _router;
    private uint _hash;

    /// <summary>Creates a reference.</summary>
    protected GrainReference(GrainReferenceSeed seed)
    {
        GrainId = seed.GrainId;
        _router = seed.Router;
    }

    /// <summary>Who is called.</summary>
    public GrainId GrainId { get; }

    internal Activation? LastActivation { get; set; }

    internal uint UniformHash => _hash != 0 ? _hash : _hash = GrainId.GetUniformHashCode();

    /// <summary>Sends a call whose result is awaited.</summary>
    protected Task<T> Call<T>(GrainRequest<T> request)
    {
        request.Target = this;
        if (_router.OutgoingFilters is { Count: > 0 } filters) return FilterChain.Outgoing(request, filters, _router);
        _router.Send(request);
        return request.Answer;
    }

    /// <summary>Sends a call that its caller may give up.</summary>
    protected Task<T> Call<T>(GrainRequest<T> request, CancellationToken cancellation)
    {
        Task<T> answer = Call(request);
        return cancellation.CanBeCanceled ? answer.WaitAsync(cancellation) : answer;
    }

    /// <summary>Sends a call that nobody awaits.</summary>
    protected Task CallOneWay<T>(GrainRequest<T> request)
    {
        request.Target = this;
        _router.Send(request);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public bool Equals(GrainReference? other) => other is not null && GrainId.Equals(other.GrainId);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is GrainReference other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => GrainId.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => GrainId.ToString();
}

/// <summary>What a reference is made from.</summary>
public readonly record struct GrainReferenceSeed
{
    internal GrainReferenceSeed(GrainId grainId, ICallRouter router)
    {
        GrainId = grainId;
        Router = router;
    }

    internal GrainId GrainId { get; }

    internal ICallRouter Router { get; }
}

/// <summary>Brings a call to its grain, wherever that lives. The seam between one silo and many.</summary>
internal interface ICallRouter
{
    /// <summary>The filters of the caller's side, outermost first.</summary>
    IReadOnlyList<IOutgoingGrainCallFilter> OutgoingFilters { get; }

    void Send(GrainRequest request);
}
