using Microsoft.Extensions.Configuration;
using Orleans.Hosting;
using Shop.EventHubs;

namespace Shop.Engine;

/// <summary>Microsoft Orleans under the grains, and Azure Event Hubs beside the shop's own feed.</summary>
internal static partial class SiloEngine
{
    static partial void AddEventHubs(ISiloBuilder silo, IConfiguration configuration) => silo.AddShopEventHubs(configuration);
}
