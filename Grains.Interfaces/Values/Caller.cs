namespace Shop;

/// <summary>Who asks: an administrator, or a session, which may have a customer behind it.</summary>
[GenerateSerializer, Immutable, Alias("Caller")]
public sealed record Caller(string? SessionId, CustomerId? CustomerId, bool IsAdmin)
{
    /// <summary>The shop itself, or somebody who holds a secret key.</summary>
    public static readonly Caller Admin = new(null, null, true);

    /// <summary>Whether something that belongs to this session and customer is this caller's to see and to change.</summary>
    public bool Owns(string? sessionId, CustomerId? customerId) =>
        IsAdmin || (sessionId is not null && sessionId == SessionId) || (customerId is not null && customerId == CustomerId);
}
