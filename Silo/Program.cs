using Microsoft.Extensions.Hosting;
using Shop.Hosting;

HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
builder.AddShopSilo();
await builder.Build().RunAsync();
