using Orleans.Runtime;

namespace Shop.Streams;

/// <summary>
/// What a gateway that has to send visitors away says with the calls of those whom it serves. It is for the silos: what nobody waits for rests meanwhile.
/// </summary>
public static class Crowd
{
    private const string Key = "shop.crowd";

    /// <summary>Whether the caller says so.</summary>
    public static bool IsAnnounced => RequestContext.Get(Key) is true;

    /// <summary>Says so with every call from here on.</summary>
    public static void Announce() => RequestContext.Set(Key, true);
}
