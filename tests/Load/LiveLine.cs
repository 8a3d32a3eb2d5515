namespace Shop.Load;

/// <summary>A line of the terminal that says once a second how a run gets on; nothing where the output goes to a file.</summary>
public sealed class LiveLine(string name)
{
    private long _before;

    /// <summary>Writes over what it said before; called once a second.</summary>
    public void Show(Recorder recorder)
    {
        long done = recorder.Total(Outcome.Done);
        if (!Console.IsOutputRedirected)
            Console.Write($"\r\e[K{name} {recorder.Elapsed.TotalSeconds:F0} s: {done - _before:N0} done in the last second, {recorder.Total(Outcome.Refused):N0} refused, {recorder.Total(Outcome.Shed):N0} shed, {recorder.Total(Outcome.Failed):N0} failed");
        _before = done;
    }

    /// <summary>Takes the line away.</summary>
    public static void Clear()
    {
        if (!Console.IsOutputRedirected) Console.Write("\r\e[K");
    }
}
