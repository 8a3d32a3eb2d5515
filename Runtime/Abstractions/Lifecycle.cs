using Orleans.Runtime;

namespace Orleans
{
    /// <summary>Why an activation ended.</summary>
    public enum DeactivationReasonCode
    {
        /// <summary>Not said.</summary>
        None,

        /// <summary>The silo stops.</summary>
        ShuttingDown,

        /// <summary>The grain could not be activated.</summary>
        ActivationFailed,

        /// <summary>Nobody called it for its collection age.</summary>
        ActivationIdle,

        /// <summary>The grain's place is another silo now.</summary>
        Migrating,

        /// <summary>The grain asked for it.</summary>
        ApplicationRequested,
    }

    /// <summary>Why an activation ended, with words.</summary>
    public readonly record struct DeactivationReason(DeactivationReasonCode ReasonCode, Exception? Exception, string Description)
    {
        /// <summary>A reason that is no error.</summary>
        public DeactivationReason(DeactivationReasonCode code, string text) : this(code, null, text)
        {
        }
    }
}

namespace Orleans.Runtime
{
    /// <summary>A timer of one activation.</summary>
    public interface IGrainTimer : IDisposable
    {
        /// <summary>Sets when it ticks next and how often after that.</summary>
        void Change(TimeSpan dueTime, TimeSpan period);
    }

    /// <summary>How a grain timer ticks.</summary>
    public struct GrainTimerCreationOptions
    {
        /// <summary>Creates options with a first tick and a period.</summary>
        public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
        {
            DueTime = dueTime;
            Period = period;
        }

        /// <summary>Time until the first tick.</summary>
        public TimeSpan DueTime { get; set; }

        /// <summary>Time from the end of a tick to the start of the next; <see cref="Timeout.InfiniteTimeSpan"/> for one tick only.</summary>
        public TimeSpan Period { get; set; }

        /// <summary>Whether a tick may run between the awaits of a call. False by default.</summary>
        public bool Interleave { get; set; }

        /// <summary>Whether a tick counts as use and keeps the activation from idle collection. False by default.</summary>
        public bool KeepAlive { get; set; }
    }
}
