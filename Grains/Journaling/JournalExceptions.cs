namespace Shop.Journaling;

/// <summary>The journal could not take the command now. Whether it happened is said by the subclass.</summary>
public abstract class JournalException(string message, Exception? innerException) : Exception(message, innerException);

/// <summary>The store cannot be reached or has more to write than it can. The command did not happen; try again later.</summary>
public sealed class JournalUnavailableException(string message, Exception? innerException = null) : JournalException(message, innerException);

/// <summary>Another activation of the grain wrote first. The command did not happen; trying again meets the newer state.</summary>
public sealed class StaleActivationException(string message, Exception? innerException = null) : JournalException(message, innerException)
{
    /// <summary>The error of one grain.</summary>
    public static StaleActivationException Of(string grainId) => new($"{grainId} was changed by another activation.");
}

/// <summary>The store broke off in the middle of a commit. The command may have happened; the retry with its key finds out.</summary>
public sealed class CommitUnknownException(string message, Exception? innerException = null) : JournalException(message, innerException);
