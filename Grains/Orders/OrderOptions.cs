namespace Shop.Orders;

/// <summary>How checkouts run.</summary>
public sealed class OrderOptions
{
    /// <summary>How long stock is held for a checkout beyond the payment window. 5 minutes by default.</summary>
    public TimeSpan ReservationMargin { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>The currency of checkouts that name none, where all lines have a price in it. EUR by default.</summary>
    public string DefaultCurrency { get; set; } = "EUR";
}
