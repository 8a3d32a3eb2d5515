using Microsoft.Extensions.DependencyInjection;

namespace Orleans.Runtime
{
    /// <summary>The name of a stream: a namespace and a key within it.</summary>
    public readonly record struct StreamId
    {
        private readonly string? _namespace;
        private readonly string _key;

        private StreamId(string? ns, string key) => (_namespace, _key) = (ns, key);

        /// <summary>Names a stream.</summary>
        public static StreamId Create(string? ns, string key)
        {
            ArgumentException.ThrowIfNullOrEmpty(key);
            return new StreamId(ns, key);
        }

        /// <summary>The key.</summary>
        public string GetKeyAsString() => _key;

        /// <summary>The namespace; null for none.</summary>
        public string? GetNamespace() => _namespace;

        /// <inheritdoc/>
        public override string ToString() => $"{_namespace}/{_key}";
    }
}

namespace Orleans
{
    /// <summary>The grain class consumes every stream of a namespace: the grain with the stream's key is its consumer.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
    public sealed class ImplicitStreamSubscriptionAttribute(string streamNamespace) : Attribute
    {
        /// <summary>The namespace.</summary>
        public string Namespace { get; } = streamNamespace;
    }
}

namespace Orleans
{
    /// <summary>Streams, as a grain or a client asks for them.</summary>
    public static class GrainStreamingExtensions
    {
        /// <summary>The provider of that name.</summary>
        /// <exception cref="InvalidOperationException">There is none.</exception>
        public static Streams.IStreamProvider GetStreamProvider(this IGrainBase grain, string name) =>
            grain.GrainContext.ActivationServices.GetRequiredKeyedService<Streams.IStreamProvider>(name);
    }
}

namespace Orleans.Streams
{
    /// <summary>A place in a stream. Only places of one stream can be compared.</summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1036", Justification = "The programming model compares tokens by their methods.")]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1067", Justification = "In the programming model tokens that differ by object equality are other tokens; a provider overrides it.")]
    public abstract class StreamSequenceToken : IEquatable<StreamSequenceToken?>, IComparable<StreamSequenceToken?>
    {
        /// <summary>The number of the message.</summary>
        public abstract long SequenceNumber { get; protected set; }

        /// <summary>The number of the event within the message.</summary>
        public abstract int EventIndex { get; protected set; }

        /// <inheritdoc/>
        public abstract bool Equals(StreamSequenceToken? other);

        /// <inheritdoc/>
        public abstract int CompareTo(StreamSequenceToken? other);
    }

    /// <summary>An item and its place.</summary>
    public class SequentialItem<T>(T item, StreamSequenceToken token)
    {
        /// <summary>The item.</summary>
        public T Item { get; } = item;

        /// <summary>Its place.</summary>
        public StreamSequenceToken Token { get; } = token;
    }

    /// <summary>Takes items one by one, in order.</summary>
    public interface IAsyncObserver<in T>
    {
        /// <summary>The next item. When it fails, the item comes again.</summary>
        Task OnNextAsync(T item, StreamSequenceToken? token = null);

        /// <summary>The stream has ended.</summary>
        Task OnCompletedAsync() => Task.CompletedTask;

        /// <summary>The stream cannot be read now.</summary>
        Task OnErrorAsync(Exception ex);
    }

    /// <summary>Takes items as they come, several at a time and in order.</summary>
    public interface IAsyncBatchObserver<T>
    {
        /// <summary>The next items. When it fails, they come again.</summary>
        Task OnNextAsync(IList<SequentialItem<T>> items);

        /// <summary>The stream has ended.</summary>
        Task OnCompletedAsync() => Task.CompletedTask;

        /// <summary>The stream cannot be read now.</summary>
        Task OnErrorAsync(Exception ex);
    }

    /// <summary>A stream that items are put into.</summary>
    public interface IAsyncStream<T>
    {
        /// <summary>The name of the stream.</summary>
        Runtime.StreamId StreamId { get; }

        /// <summary>The provider that it belongs to.</summary>
        string ProviderName { get; }

        /// <summary>Whether a consumer can start at an earlier place.</summary>
        bool IsRewindable { get; }

        /// <summary>Puts an item into the stream.</summary>
        /// <exception cref="NotSupportedException">The provider's streams are filled in another way.</exception>
        Task OnNextAsync(T item, StreamSequenceToken? token = null);

        /// <summary>Puts items into the stream.</summary>
        /// <exception cref="NotSupportedException">The provider's streams are filled in another way.</exception>
        Task OnNextBatchAsync(IEnumerable<T> batch, StreamSequenceToken? token = null);
    }

    /// <summary>A family of streams.</summary>
    public interface IStreamProvider
    {
        /// <summary>Its name.</summary>
        string Name { get; }

        /// <summary>Whether consumers can start at an earlier place.</summary>
        bool IsRewindable { get; }

        /// <summary>A stream; it need not exist.</summary>
        IAsyncStream<T> GetStream<T>(Runtime.StreamId streamId);
    }

    /// <summary>A consumer's subscription.</summary>
    public abstract class StreamSubscriptionHandle<T>
    {
        /// <summary>The stream.</summary>
        public abstract Runtime.StreamId StreamId { get; }

        /// <summary>The provider.</summary>
        public abstract string ProviderName { get; }

        /// <summary>From now on the observer takes the items after the token; all that the provider still has when it is null.</summary>
        public abstract Task<StreamSubscriptionHandle<T>> ResumeAsync(IAsyncObserver<T> observer, StreamSequenceToken? token = null);

        /// <summary>From now on the observer takes the items after the token; all that the provider still has when it is null.</summary>
        public abstract Task<StreamSubscriptionHandle<T>> ResumeAsync(IAsyncBatchObserver<T> observer, StreamSequenceToken? token = null);
    }
}

namespace Orleans.Streams.Core
{
    /// <summary>A grain that is told of its subscriptions, whenever it activates and whenever a delivery failed.</summary>
    public interface IStreamSubscriptionObserver
    {
        /// <summary>There is a subscription; it starts when its handle is resumed.</summary>
        Task OnSubscribed(IStreamSubscriptionHandleFactory handleFactory);
    }

    /// <summary>Makes the handle of a subscription.</summary>
    public interface IStreamSubscriptionHandleFactory
    {
        /// <summary>The stream.</summary>
        Runtime.StreamId StreamId { get; }

        /// <summary>The provider.</summary>
        string ProviderName { get; }

        /// <summary>The handle, for items of a type.</summary>
        StreamSubscriptionHandle<T> Create<T>();
    }
}
