using System.Collections.Concurrent;
using System.Text.Json.Serialization;
using Orleans;
using Shop.Events;
using Shop.Streams;

namespace Shop.Silo.Tests;

/// <summary>A consumer that adds up what comes in of each SKU, whose rules change when a test says so, and that refuses some SKUs.</summary>
[Alias("Touchy")]
public interface ITouchyGrain : IProjectionGrain;

/// <inheritdoc cref="ITouchyGrain"/>
[ImplicitStreamSubscription(JournalStreams.Namespace), GrainType("touchy")]
public sealed class TouchyGrain(ProjectionServices services) : ProjectionGrain(services, new Projection("touchy", RulesVersion, Rules(RulesVersion), _ => [])), ITouchyGrain
{
    public static int RulesVersion { get; set; } = 1;

    public static ConcurrentDictionary<string, bool> Refused { get; } = new();

    private static Func<ShopEvent, ProjectionRows, ValueTask> Rules(int version) => async (@event, rows) =>
    {
        if (@event is not InventoryUpdated e) return;
        TouchyRow row = await rows.ChangeAsync(e.ProductId, TouchyJson.Default.TouchyRow);
        row.Units += e.QuantityChange;
        row.Rules = version;
        if (Refused.ContainsKey(e.ProductId)) throw new FormatException("It is refused when half of it is done.");
    };
}

public sealed class TouchyRow
{
    public long Units { get; set; }

    public int Rules { get; set; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TouchyRow))]
internal sealed partial class TouchyJson : JsonSerializerContext;
