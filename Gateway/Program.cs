using Shop.Gateway;
using Shop.Gateway.Commands;
using Shop.Hosting;

try
{
    if (CommandLine.IsCommand(args)) return await CommandLine.RunAsync(args);
    BatchScheduling.Apply();
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
