namespace Shop.Gateway.Http;

/// <summary>Where a listing goes on, signed together with its query, so that a token fits only the query that it came from.</summary>
public sealed class PageToken(SignedToken tokens)
{
    /// <summary>A token to go on after a place.</summary>
    public string Make(string query, string after) => tokens.Make("page\n" + query, after);

    /// <summary>The place of a token.</summary>
    /// <exception cref="ProblemException">It was tampered with or is another query's.</exception>
    public string? Read(string query, string? token) =>
        token is null ? null : tokens.Read("page\n" + query, token) ?? throw Problems.Bad("pageToken", "is not a token of this query");
}
