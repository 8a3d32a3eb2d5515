using System.Diagnostics;

namespace Shop.Testing;

/// <summary>A disk in memory at a directory, small enough to be filled. Only root can make one.</summary>
public sealed class SmallDisk : IDisposable
{
    private readonly string _directory;

    /// <summary>Mounts it.</summary>
    public SmallDisk(string directory, int megabytes)
    {
        _directory = directory;
        Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", directory);
    }

    /// <summary>Why there can be none; null when there can.</summary>
    public static string? Obstacle => Environment.IsPrivilegedProcess ? null : "only root can mount a small disk.";

    /// <summary>Leaves no byte free.</summary>
    public void Fill()
    {
        using var file = new FileStream(Path.Combine(_directory, "filler"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] block = new byte[1024 * 1024];
        for (int size = block.Length; size >= 512; size /= 2)
        {
            try
            {
                while (true) file.Write(block.AsSpan(0, size));
            }
            catch (IOException)
            {
                // A smaller piece may still fit.
            }
        }
    }

    /// <summary>Takes away what <see cref="Fill"/> wrote.</summary>
    public void Free() => File.Delete(Path.Combine(_directory, "filler"));

    /// <inheritdoc/>
    public void Dispose() => Run("umount", "-l", _directory);

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }
}
