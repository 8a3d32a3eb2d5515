using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;

namespace Shop.Gateway.Access;

/// <summary>How many requests callers may send; settings under <c>Shop:RateLimit</c>.</summary>
public sealed class RateLimitOptions
{
    /// <summary>Requests a second that one key may send in the long run. 5,000 by default; 0 for no limit.</summary>
    public int KeyRequestsPerSecond { get; set; } = 5_000;

    /// <summary>Requests that one key may send at once. 20,000 by default.</summary>
    public int KeyBurst { get; set; } = 20_000;

    /// <summary>Requests a second that one session may send in the long run. 50 by default; 0 for no limit.</summary>
    public int SessionRequestsPerSecond { get; set; } = 50;

    /// <summary>Requests that one session may send at once. 200 by default.</summary>
    public int SessionBurst { get; set; } = 200;
}

/// <summary>A bucket of tokens for each key and each session.</summary>
public sealed class RateLimits(IOptions<RateLimitOptions> options) : IDisposable
{
    private readonly PartitionedRateLimiter<Principal> _limiter = PartitionedRateLimiter.Create<Principal, string>(principal =>
    {
        (int perSecond, int burst) = principal.Kind == PrincipalKind.Session
            ? (options.Value.SessionRequestsPerSecond, options.Value.SessionBurst)
            : (options.Value.KeyRequestsPerSecond, options.Value.KeyBurst);
        return perSecond <= 0
            ? RateLimitPartition.GetNoLimiter(principal.Id)
            : RateLimitPartition.GetTokenBucketLimiter(principal.Id, _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = Math.Max(burst, 1),
                TokensPerPeriod = Math.Max(perSecond / 10, 1),
                ReplenishmentPeriod = TimeSpan.FromMilliseconds(100),
                QueueLimit = 0,
            });
    });

    /// <summary>After how many seconds to try again; null when the request may go on.</summary>
    public int? Refuse(Principal principal)
    {
        using RateLimitLease lease = _limiter.AttemptAcquire(principal);
        return lease.IsAcquired ? null : 1;
    }

    /// <inheritdoc/>
    public void Dispose() => _limiter.Dispose();
}
