using Shop.Hosting;

namespace Shop.Gateway.Access;

/// <summary>Sees to it that there is a secret key to begin with.</summary>
internal static class BootstrapKeys
{
    private static readonly (string Setting, string Prefix)[] Settings = [("SecretKey", "sk_dev_"), ("PublishableKey", "pk_dev_"), ("CallbackSecret", "whsec_dev_")];

    /// <summary>In Development missing keys are made up and printed once; elsewhere a missing secret key stops the start.</summary>
    /// <exception cref="StartException">The secret key is missing.</exception>
    public static void Ensure(IConfigurationManager configuration, IHostEnvironment environment)
    {
        foreach ((string setting, string prefix) in Settings)
        {
            string name = $"{ShopOptions.Section}:{setting}";
            if (!string.IsNullOrEmpty(configuration[name])) continue;
            if (environment.IsDevelopment())
            {
                configuration[name] = KeyRing.NewSecret(prefix);
                // To the console and not to the log, which is kept.
                Console.WriteLine($"{name} is not set; for this run it is {configuration[name]}");
            }
            else if (setting == "SecretKey")
            {
                throw new StartException($"{name} is missing. Set it, for instance with the environment variable Shop__SecretKey, to a secret of at least 16 characters such as the output of: openssl rand -hex 24.");
            }
        }
    }
}
