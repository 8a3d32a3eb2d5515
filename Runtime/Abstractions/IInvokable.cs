namespace Orleans.Serialization.Invocation;

/// <summary>A call that can be made: its arguments.</summary>
public interface IInvokable
{
    /// <summary>How many arguments there are, without the token of cancellation.</summary>
    int GetArgumentCount();

    /// <summary>An argument by its position.</summary>
    object? GetArgument(int index);
}
