namespace Orleans.Runtime;

/// <summary>The base of the runtime's errors.</summary>
public class OrleansException : Exception
{
    /// <summary>Creates the error.</summary>
    public OrleansException()
    {
    }

    /// <summary>Creates the error with words.</summary>
    public OrleansException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with words and a cause.</summary>
    public OrleansException(string message, Exception? innerException) : base(message, innerException)
    {
    }
}

/// <summary>The grain is busy: its mailbox is full. The call did not happen; try again later.</summary>
public sealed class LimitExceededException : OrleansException
{
    /// <summary>Creates the error.</summary>
    public LimitExceededException()
    {
    }

    /// <summary>Creates the error with words.</summary>
    public LimitExceededException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with words and a cause.</summary>
    public LimitExceededException(string message, Exception? innerException) : base(message, innerException)
    {
    }
}

/// <summary>The call was refused before it began: it did not happen, and may be tried again.</summary>
public sealed class OrleansMessageRejectionException : OrleansException
{
    /// <summary>Creates the error.</summary>
    public OrleansMessageRejectionException()
    {
    }

    /// <summary>Creates the error with words.</summary>
    public OrleansMessageRejectionException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with words and a cause.</summary>
    public OrleansMessageRejectionException(string message, Exception? innerException) : base(message, innerException)
    {
    }
}

/// <summary>The silo was lost while the call was on its way or under way. The call may have happened.</summary>
public sealed class SiloUnavailableException : OrleansException
{
    /// <summary>Creates the error.</summary>
    public SiloUnavailableException()
    {
    }

    /// <summary>Creates the error with words.</summary>
    public SiloUnavailableException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with words and a cause.</summary>
    public SiloUnavailableException(string message, Exception? innerException) : base(message, innerException)
    {
    }
}
