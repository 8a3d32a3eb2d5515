namespace Shop.Hosting;

/// <summary>The program cannot start as it is set up; the message says what to do about it.</summary>
public sealed class StartException(string message) : Exception(message);
