namespace Shop.Gateway.Admission;

/// <summary>How much work the gateway takes on at once; settings under <c>Shop:Admission</c>.</summary>
public sealed class AdmissionOptions
{
    /// <summary>
    /// How long the work of a request may take on average before less of it is done at once. 40 milliseconds by default; twice the time that
    /// it takes without a crowd, if that is more.
    /// </summary>
    public TimeSpan TargetLatency { get; set; } = TimeSpan.FromMilliseconds(40);

    /// <summary>How long more may come than the shop can do before it is sent away, and how long somebody of that burst may have to wait. 3 seconds by default.</summary>
    public TimeSpan Burst { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long nobody has had to wait when a crowd is over and the next burst may come. 10 seconds by default.</summary>
    public TimeSpan Calm { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The most requests that wait. 8,000 by default.</summary>
    public int WaitingMax { get; set; } = 8_000;

    /// <summary>The most requests that wait for one SKU. 6,000 by default.</summary>
    public int WaitingPerSkuMax { get; set; } = 6_000;

    /// <summary>The fewest requests that are worked on at once, however slow that is. 64 by default.</summary>
    public int ConcurrencyMin { get; set; } = 64;

    /// <summary>The most requests that are worked on at once, however fast that is. 4,096 by default.</summary>
    public int ConcurrencyMax { get; set; } = 4_096;

    internal bool IsValid => TargetLatency > TimeSpan.Zero && Burst >= TimeSpan.Zero && Calm > TimeSpan.Zero && WaitingMax > 0 && WaitingPerSkuMax > 0 && ConcurrencyMin > 0 && ConcurrencyMax >= ConcurrencyMin;
}
