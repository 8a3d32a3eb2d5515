using Shop.Gateway;
using Shop.Gateway.Access;
using Shop.Gateway.Import;
using Shop.Hosting;

try
{
    if (args is ["import" or "--help" or "-h" or "-?" or "--version", ..]) return await ImportCommand.RunAsync(args);
    await ShopGateway.Build(args).RunAsync();
    return 0;
}
catch (Exception e) when (e is StartException or Microsoft.Extensions.Options.OptionsValidationException or System.Net.Sockets.SocketException
    || e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

/// <summary>The entry point, public for tests that host it.</summary>
public partial class Program;
