namespace Shop;

/// <summary>What the domain bounds. The gateway refuses more than this with 400; grains refuse it too.</summary>
public static class Limits
{
    /// <summary>The largest quantity of one line, receipt or reservation.</summary>
    public const int QuantityMax = 1_000_000;

    /// <summary>The most lines of a cart or order.</summary>
    public const int LinesMax = 1_000;

    /// <summary>The most variants of a product.</summary>
    public const int VariantsMax = 200;

    /// <summary>The most coupons of a cart.</summary>
    public const int CouponsMax = 10;

    /// <summary>The longest title, name or reason, in characters.</summary>
    public const int TitleLengthMax = 200;

    /// <summary>The longest description, in characters.</summary>
    public const int DescriptionLengthMax = 10_000;

    /// <summary>The longest life of a reservation.</summary>
    public static readonly TimeSpan ReservationTtlMax = TimeSpan.FromHours(24);
}
