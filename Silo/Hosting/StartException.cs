using System.Data.Common;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Shop.Hosting;

/// <summary>The shop cannot start for a reason that whoever starts it can remove; the message says how.</summary>
public sealed class StartException(string message) : Exception(message)
{
    /// <summary>What to tell whoever starts a process that could not start; null when it is a fault of the program.</summary>
    public static string? Explain(Exception error) => error switch
    {
        StartException or OptionsValidationException => error.Message,
        DbException => $"The store cannot be opened: {error.Message} Is the server running, and are Shop:ConnectionString or Shop:DataDirectory right?",
        SocketException => $"The port of the silo cannot be opened: {error.Message}. Set Shop:Cluster:Port to a free one, or to 0 for any.",
        { InnerException: AddressInUseException } => $"{error.Message} Set --urls to another address.",
        _ => null,
    };
}
