namespace Orleans
{
    /// <summary>The type crosses grain boundaries: the generator writes its codec and its copier.</summary>
    [AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum)]
    public sealed class GenerateSerializerAttribute : Attribute
    {
        /// <summary>Whether parameters of a record's primary constructor are fields, numbered in their order. True by default.</summary>
        public bool IncludePrimaryConstructorParameters { get; init; } = true;
    }

    /// <summary>The number of a field on the wire. Numbers are never used again for something else.</summary>
    [AttributeUsage(AttributeTargets.Field | AttributeTargets.Property)]
    public sealed class IdAttribute(uint id) : Attribute
    {
        /// <summary>The number.</summary>
        public uint Id { get; } = id;
    }

    /// <summary>The name of a type, an interface or a method on the wire; it survives a rename in the code.</summary>
    [AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface | AttributeTargets.Method | AttributeTargets.Enum)]
    public sealed class AliasAttribute(string alias) : Attribute
    {
        /// <summary>The name.</summary>
        public string Alias { get; } = alias;
    }

    /// <summary>The value is never changed after it was made, so that it is shared instead of copied.</summary>
    [AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Parameter | AttributeTargets.Property | AttributeTargets.Field)]
    public sealed class ImmutableAttribute : Attribute;

    /// <summary>The name of the grain class in grain ids.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class GrainTypeAttribute(string grainType) : Attribute
    {
        /// <summary>The name.</summary>
        public string GrainType { get; } = grainType;
    }

    /// <summary>How long an activation of this class may be idle before it is collected.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class CollectionAgeLimitAttribute : Attribute
    {
        /// <summary>Minutes, added to the hours and the days.</summary>
        public double Minutes { get; init; }

        /// <summary>Hours.</summary>
        public double Hours { get; init; }

        /// <summary>Days.</summary>
        public double Days { get; init; }

        /// <summary>Never collected while the silo lives.</summary>
        public bool AlwaysActive { get; init; }

        /// <summary>The age that the parts add up to.</summary>
        public TimeSpan AgeLimit => AlwaysActive
            ? TimeSpan.MaxValue
            : TimeSpan.FromMinutes(Minutes) + TimeSpan.FromHours(Hours) + TimeSpan.FromDays(Days);
    }
}

namespace Orleans.Concurrency
{
    /// <summary>Turns of several calls may interleave at the awaits of this grain class.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class ReentrantAttribute : Attribute;

    /// <summary>Calls of this method run between the awaits of any other call.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class AlwaysInterleaveAttribute : Attribute;

    /// <summary>The method changes nothing: it runs between the awaits of other such calls.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class ReadOnlyAttribute : Attribute;

    /// <summary>The caller does not wait and learns neither a result nor an error.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class OneWayAttribute : Attribute;

    /// <summary>Every silo has as many activations of the grain as its calls keep busy, up to a limit.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class StatelessWorkerAttribute(int maxLocalWorkers = -1) : Attribute
    {
        /// <summary>The limit; the number of processors when not positive.</summary>
        public int MaxLocalWorkers { get; } = maxLocalWorkers > 0 ? maxLocalWorkers : Environment.ProcessorCount;
    }
}
