using System.Runtime.InteropServices;

namespace Shop.Hosting;

/// <summary>How the system's scheduler sees the threads of this process.</summary>
public static class BatchScheduling
{
    // Of sched.h in Linux.
    private const int SchedBatch = 3;

    /// <summary>
    /// Has threads that wake up wait until others have done their share, where the system is Linux. There is always somebody whose request has come in; when each
    /// of them interrupts those who work, and the database as well, which everybody waits for, more time goes into changing than is won. Threads that are
    /// started later by this one, and by those, do the same. Where the system does not allow it, nothing is lost but the gain.
    /// </summary>
    public static void Apply()
    {
        if (!OperatingSystem.IsLinux()) return;
        int priority = 0;
        _ = SetScheduler(0, SchedBatch, ref priority);
    }

    [DllImport("libc", EntryPoint = "sched_setscheduler")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetScheduler(int process, int policy, ref int priority);
}
