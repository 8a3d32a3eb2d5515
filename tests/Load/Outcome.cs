namespace Shop.Load;

/// <summary>How a request ended, as far as a load test cares.</summary>
public enum Outcome
{
    /// <summary>It did what it was meant to.</summary>
    Done,

    /// <summary>The shop said no for a good reason: sold out, declined.</summary>
    Refused,

    /// <summary>The shop sheds load: 429, or 503 with a time to come back.</summary>
    Shed,

    /// <summary>Anything else.</summary>
    Failed,
}
