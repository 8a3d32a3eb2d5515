using System.Diagnostics;
using System.Globalization;

namespace Shop.Testing;

/// <summary>
/// What this process started ends with it, however it ends. A process that is killed, as those of tests are when they take long to end, stops nothing itself:
/// a shell that outlives it waits for its end, and does.
/// </summary>
public static class Owner
{
    private const string Alive = """alive() { grep -qs '^State:.[^Z]' "/proc/$1/status"; }; owner=$1; shift; """;

    /// <summary>Kills a process once this one has ended.</summary>
    public static void EndsWithThis(Process process) => EndsWith(process, Environment.ProcessId);

    /// <summary>Kills a process once another one has ended.</summary>
    public static void EndsWith(Process process, int owner) => After(owner, """alive "$1" """, """kill -KILL "$1" """, process.Id.ToString(CultureInfo.InvariantCulture));

    /// <summary>Runs commands of a shell once this process has ended, or something else has.</summary>
    /// <param name="whileTrue">What holds until then, a condition of the shell; its arguments are <c>$1</c> and so on.</param>
    /// <param name="then">What is done.</param>
    /// <param name="arguments">The arguments of both.</param>
    public static void AfterThis(string whileTrue, string then, params string[] arguments) => After(Environment.ProcessId, whileTrue, then, arguments);

    private static void After(int owner, string whileTrue, string then, params string[] arguments)
    {
        string script = $"{Alive}while {whileTrue} && alive \"$owner\"; do sleep 1; done; {whileTrue} || exit 0; {then}";
        // Its output goes nowhere: whoever reads this process' would wait for the shell, too.
        using Process shell = Process.Start(new ProcessStartInfo("/bin/sh",
            ["-c", "exec setsid -f /bin/sh -c \"$@\" >/dev/null 2>&1 </dev/null", "sh", script, "sh", owner.ToString(CultureInfo.InvariantCulture), .. arguments])
        {
            WorkingDirectory = "/",
        })!;
        shell.WaitForExit();
    }
}
