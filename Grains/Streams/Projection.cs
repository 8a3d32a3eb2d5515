using Shop.Events;

namespace Shop.Streams;

/// <summary>What a consumer makes of events.</summary>
/// <param name="Name">The name under which its rows are kept.</param>
/// <param name="RulesVersion">Grows when the rules change; rows of other rules are made again from the start of the journal.</param>
/// <param name="Apply">What an event does to the rows. It fails only when the event makes no sense to the rules.</param>
/// <param name="KeysOf">Keys that the rules will ask for, if that is easily told; they are read together.</param>
/// <param name="PassingPrefix">What keys begin with whose rows are removed when no event can need them any more.</param>
public sealed record Projection(
    string Name, int RulesVersion, Func<ShopEvent, ProjectionRows, ValueTask> Apply, Func<ShopEvent, IEnumerable<string>> KeysOf, string? PassingPrefix = null)
{
    /// <summary>The name of the rows that will take the place of these when they are complete.</summary>
    internal string Replacement => Name + "~";
}
