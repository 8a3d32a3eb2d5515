using System.Data.Common;
using Shop.Journaling;

namespace Shop.Journal;

/// <summary>
/// Reads once more when the connection turns out to have died. A pool finds that out only when somebody uses one, after which it has none of the old ones left;
/// a read changes nothing, so whoever came first need not be told.
/// </summary>
internal static class ReadRetry
{
    /// <exception cref="JournalUnavailableException">The server cannot be read over a new connection either, or is too slow.</exception>
    public static async Task<T> ReadAsync<T>(Func<Task<T>> read)
    {
        try
        {
            try
            {
                return await read();
            }
            // Who has waited for as long as a read may take does not wait as long again.
            catch (DbException e) when (e is { IsTransient: true, InnerException: not TimeoutException })
            {
                return await read();
            }
        }
        catch (DbException e) when (e.IsTransient)
        {
            // An error of the driver would not be known as what it is in another process.
            throw new JournalUnavailableException("The store cannot be read; nothing was changed.", e);
        }
    }
}
