namespace Orleans.Runtime
{
    /// <summary>Names the state and the storage of a constructor parameter of type <see cref="IPersistentState{TState}"/>.</summary>
    [AttributeUsage(AttributeTargets.Parameter)]
    public sealed class PersistentStateAttribute(string stateName, string? storageName = null) : Attribute
    {
        /// <summary>The name of the state within the grain.</summary>
        public string StateName { get; } = stateName;

        /// <summary>The name of the storage; the default storage when null.</summary>
        public string? StorageName { get; } = storageName;
    }

    /// <summary>State that is read when the grain activates and written when it says so.</summary>
    public interface IPersistentState<TState>
    {
        /// <summary>The state in memory.</summary>
        TState State { get; set; }

        /// <summary>The version in the storage; null when there is none.</summary>
        string? Etag { get; }

        /// <summary>Whether the storage has a record.</summary>
        bool RecordExists { get; }

        /// <summary>Reads the storage again; what is in memory is lost.</summary>
        Task ReadStateAsync(CancellationToken cancellationToken = default);

        /// <summary>Writes the state, if the record is the one that was read.</summary>
        /// <exception cref="Storage.InconsistentStateException">Somebody else wrote since.</exception>
        Task WriteStateAsync(CancellationToken cancellationToken = default);

        /// <summary>Removes the record, if it is the one that was read.</summary>
        /// <exception cref="Storage.InconsistentStateException">Somebody else wrote since.</exception>
        Task ClearStateAsync(CancellationToken cancellationToken = default);
    }
}

namespace Orleans
{
    /// <summary>A state between grain and storage.</summary>
    public interface IGrainState<T>
    {
        /// <summary>The state.</summary>
        T State { get; set; }

        /// <summary>The version in the storage; null when there is none.</summary>
        string? ETag { get; set; }

        /// <summary>Whether the storage has a record.</summary>
        bool RecordExists { get; set; }
    }
}

namespace Orleans
{
    /// <summary>A state between grain and storage, for code that calls a storage itself.</summary>
    public class GrainState<T> : IGrainState<T>
    {
        /// <inheritdoc/>
        public T State { get; set; } = Activator.CreateInstance<T>();

        /// <inheritdoc/>
        public string? ETag { get; set; }

        /// <inheritdoc/>
        public bool RecordExists { get; set; }
    }
}

namespace Orleans.Storage
{
    /// <summary>Where grain states are kept.</summary>
    public interface IGrainStorage
    {
        /// <summary>Reads a state into <paramref name="grainState"/>; an empty one when there is none.</summary>
        Task ReadStateAsync<T>(string stateName, Runtime.GrainId grainId, IGrainState<T> grainState);

        /// <summary>Writes a state if its ETag is the one in the storage.</summary>
        /// <exception cref="InconsistentStateException">It is not.</exception>
        Task WriteStateAsync<T>(string stateName, Runtime.GrainId grainId, IGrainState<T> grainState);

        /// <summary>Removes a state if its ETag is the one in the storage; what is in memory is an empty one then.</summary>
        /// <exception cref="InconsistentStateException">It is not.</exception>
        Task ClearStateAsync<T>(string stateName, Runtime.GrainId grainId, IGrainState<T> grainState);
    }

    /// <summary>The record in the storage is not the one that was read: somebody else wrote since.</summary>
    public sealed class InconsistentStateException : Runtime.OrleansException
    {
        /// <summary>Creates the error.</summary>
        public InconsistentStateException()
        {
        }

        /// <summary>Creates the error with words.</summary>
        public InconsistentStateException(string message) : base(message)
        {
        }

        /// <summary>Creates the error with words and a cause.</summary>
        public InconsistentStateException(string message, Exception? innerException) : base(message, innerException)
        {
        }
    }
}
