namespace Shop.Customers;

/// <summary>What happened to a customer. No personal data: that is kept where it can be erased.</summary>
[JsonPolymorphic]
[JsonDerivedType(typeof(Created), "customer.created.1")]
[JsonDerivedType(typeof(ProfileChanged), "customer.profile-changed.1")]
[JsonDerivedType(typeof(OrderRecorded), "customer.order-recorded.1")]
[JsonDerivedType(typeof(Erased), "customer.erased.1")]
public abstract record CustomerEvent(DateTimeOffset At)
{
    /// <summary>The customer is there.</summary>
    public sealed record Created(string? SessionId, DateTimeOffset At) : CustomerEvent(At);

    /// <summary>The profile is another one.</summary>
    public sealed record ProfileChanged(DateTimeOffset At) : CustomerEvent(At);

    /// <summary>The customer has an order more.</summary>
    public sealed record OrderRecorded(OrderId OrderId, DateTimeOffset PlacedAt, DateTimeOffset At) : CustomerEvent(At);

    /// <summary>The personal data is gone.</summary>
    public sealed record Erased(DateTimeOffset At) : CustomerEvent(At);
}

/// <summary>A customer without personal data.</summary>
public sealed record CustomerState : IEventSourced<CustomerState, CustomerEvent>
{
    /// <inheritdoc/>
    public static CustomerState Empty { get; } = new();

    /// <inheritdoc/>
    public static JsonSerializerContext Json => CustomerJson.Default;

    /// <summary>When it was created; null when it was not, though it may have orders.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>The session that created it.</summary>
    public string? SessionId { get; init; }

    /// <summary>Whether its data was erased.</summary>
    public bool IsErased { get; init; }

    /// <summary>Its orders, oldest first.</summary>
    public ImmutableList<OrderId> Orders { get; init; } = [];

    /// <summary>The same orders, to find one.</summary>
    public ImmutableHashSet<OrderId> OrderSet { get; init; } = [];

    /// <inheritdoc/>
    public CustomerState Apply(CustomerEvent @event) => @event switch
    {
        CustomerEvent.Created e => this with { CreatedAt = e.At, SessionId = e.SessionId },
        CustomerEvent.ProfileChanged => this,
        CustomerEvent.OrderRecorded e => this with { Orders = Orders.Add(e.OrderId), OrderSet = OrderSet.Add(e.OrderId) },
        CustomerEvent.Erased => this with { IsErased = true },
        _ => throw new InvalidOperationException($"{@event.GetType()} is not a customer event."),
    };

    /// <inheritdoc/>
    public void AssertInvariants()
    {
        if (Orders.Count != OrderSet.Count) throw new InvalidOperationException("An order is in the history twice.");
    }
}

/// <summary>The personal data of a customer, as it is stored.</summary>
public sealed class CustomerRecord
{
    /// <summary>The profile; null when there is none or it was erased.</summary>
    public CustomerProfile? Profile { get; set; }
}

/// <summary>JSON of a customer's events and state.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CustomerEvent[]))]
[JsonSerializable(typeof(CustomerState))]
internal sealed partial class CustomerJson : JsonSerializerContext;
