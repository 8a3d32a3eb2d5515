namespace Shop.Views;

/// <summary>What happened to a log of views.</summary>
[JsonPolymorphic]
[JsonDerivedType(typeof(Recorded), "views.recorded.1")]
public abstract record ViewEvent
{
    /// <summary>Products were looked at.</summary>
    public sealed record Recorded(ImmutableArray<RecordedView> Views) : ViewEvent;
}

/// <summary>The log itself remembers nothing: its views are in the journal.</summary>
public sealed record ViewLogState : IEventSourced<ViewLogState, ViewEvent>
{
    /// <inheritdoc/>
    public static ViewLogState Empty { get; } = new();

    /// <inheritdoc/>
    public static JsonSerializerContext Json => ViewJson.Default;

    /// <inheritdoc/>
    public ViewLogState Apply(ViewEvent @event) => this;

    /// <inheritdoc/>
    public void AssertInvariants()
    {
    }
}

/// <inheritdoc cref="IViewLogGrain"/>
[Reentrant, GrainType("views")]
public sealed class ViewLogGrain(JournalServices services) : EventSourcedGrain<ViewLogState, ViewEvent>(services), IViewLogGrain
{
    /// <inheritdoc/>
    public Task Record(ImmutableArray<RecordedView> views) => Commit(new ViewEvent.Recorded(views));
}

/// <summary>JSON of views.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ViewEvent[]))]
[JsonSerializable(typeof(ViewLogState))]
internal sealed partial class ViewJson : JsonSerializerContext;
