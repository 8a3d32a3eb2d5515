using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Orleans.Runtime
{
    /// <summary>A reminder of a grain: durable, unlike a timer.</summary>
    public interface IGrainReminder
    {
        /// <summary>Its name within the grain.</summary>
        string ReminderName { get; }
    }

    /// <summary>What a tick knows about its schedule.</summary>
    [GenerateSerializer, Immutable]
    public readonly record struct TickStatus(DateTime FirstTickTime, TimeSpan Period, DateTime CurrentTickTime);

    internal interface IReminderService
    {
        Task<IGrainReminder> RegisterOrUpdate(GrainId grain, string name, TimeSpan dueTime, TimeSpan period, CancellationToken cancellation);

        Task Unregister(GrainId grain, string name, CancellationToken cancellation);

        Task<IGrainReminder?> Get(GrainId grain, string name, CancellationToken cancellation);
    }
}

namespace Orleans
{
    /// <summary>A grain that takes reminders.</summary>
    public interface IRemindable : IGrain
    {
        /// <summary>A reminder ticks.</summary>
        Task ReceiveReminder(string reminderName, TickStatus status);
    }

    /// <summary>Reminders of a grain, as the grain calls them.</summary>
    public static class GrainReminderExtensions
    {
        /// <summary>Creates the reminder or gives it a new schedule. The shortest period is one minute.</summary>
        public static Task<IGrainReminder> RegisterOrUpdateReminder(this IGrainBase grain, string reminderName, TimeSpan dueTime, TimeSpan period) =>
            Service(grain).RegisterOrUpdate(grain.GrainContext.GrainId, reminderName, dueTime, period, CancellationToken.None);

        /// <summary>Ends the reminder.</summary>
        public static Task UnregisterReminder(this IGrainBase grain, IGrainReminder reminder) =>
            Service(grain).Unregister(grain.GrainContext.GrainId, reminder.ReminderName, CancellationToken.None);

        /// <summary>The reminder of that name, or null.</summary>
        public static Task<IGrainReminder?> GetReminder(this IGrainBase grain, string reminderName) =>
            Service(grain).Get(grain.GrainContext.GrainId, reminderName, CancellationToken.None);

        private static IReminderService Service(IGrainBase grain) =>
            grain.GrainContext.ActivationServices.GetService<IReminderService>()
            ?? throw new InvalidOperationException("No reminder service is configured; call UseInMemoryReminderService or UseAdoNetReminderService.");
    }
}
