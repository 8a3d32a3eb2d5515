namespace System.Runtime.CompilerServices;

/// <summary>Records need it where the framework is older than they are.</summary>
internal static class IsExternalInit;
