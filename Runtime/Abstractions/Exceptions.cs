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

/// <summary>The silo stops or has stopped. The call did not happen.</summary>
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
