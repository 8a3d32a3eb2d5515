using System.CommandLine;
using Shop.Hosting;

namespace Shop.Gateway.Commands;

/// <summary>What the gateway does besides serving: one class a command.</summary>
internal static class CommandLine
{
    public const int Failed = 1, Stopped = 130;

    private static readonly Func<Command>[] Commands = [ImportCommand.Make, AnalyticsCommand.Make, RecommendationsCommand.Make, ReportCommand.Make, EventsCommand.Make];

    /// <summary>Whether the arguments ask for a command or for help; otherwise the gateway serves.</summary>
    public static bool IsCommand(string[] args) =>
        args is ["--help" or "-h" or "-?" or "--version", ..] || (args.Length > 0 && !args[0].StartsWith('-') && Commands.Any(c => c().Name == args[0]));

    /// <summary>Runs a command; the exit code.</summary>
    public static Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("Shop: the gateway. Without a command it serves the shop; settings such as --Shop:Store=PostgreSql, --Shop:ConnectionString=… and --Shop:DataDirectory=… go with every command.");
        foreach (Func<Command> make in Commands) root.Add(make());
        root.TreatUnmatchedTokensAsErrors = false;
        root.SetAction(_ => root.Parse("--help").Invoke());
        // Ctrl+C is the host's to handle: it stops the command, which then says how to go on.
        return root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
    }

    /// <summary>The shop of the settings, without its HTTP side.</summary>
    public static async Task<IHost> StartShopAsync(string[] settings, CancellationToken cancellation)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { Args = settings, ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.AddFilter((category, level) => level >= LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
        builder.AddShop();
        IHost host = builder.Build();
        await host.StartAsync(cancellation);
        return host;
    }

    /// <summary>The settings.</summary>
    public static ShopOptions Options(string[] settings)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { Args = settings, ContentRootPath = AppContext.BaseDirectory });
        return builder.Configuration.GetSection(ShopOptions.Section).Get<ShopOptions>() ?? new ShopOptions();
    }
}
