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
catch (Exception e) when (StartException.Explain(e) is not null)
{
    Console.Error.WriteLine(StartException.Explain(e));
    return 1;
}

/// <summary>The entry point, public for tests that host it.</summary>
public partial class Program;
