using System.Collections.Immutable;
using System.Diagnostics;
using Orleans.Calls;
using Orleans.Clustering;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Messaging;

/// <summary>How a call ended.</summary>
internal enum AnswerStatus : byte
{
    /// <summary>With a result.</summary>
    Result = 0,

    /// <summary>With an error.</summary>
    Error = 1,

    /// <summary>It was cancelled.</summary>
    Cancelled = 2,

    /// <summary>It did not begin.</summary>
    Rejected = 3,
}

/// <summary>What the head of a call says, before its arguments.</summary>
internal readonly record struct CallHead(long Number, long View, long RemainingMs, int Hops, GrainId Target, uint Method);

/// <summary>Calls and answers as bytes.</summary>
internal static class CallCodec
{
    // What the kinds of values in a request context are called on the wire.
    private const byte Text = 1, Number = 2, Truth = 3, Unique = 4;

    private const int ContextValuesMax = 64;

    public static void WriteCall(CodecWriter writer, GrainRequest request, long number, long view, long remainingMs)
    {
        writer.WriteVarUInt((ulong)number);
        writer.WriteVarUInt((ulong)view);
        writer.WriteVarUInt((ulong)Math.Max(0, remainingMs));
        writer.WriteVarUInt((ulong)request.Hops);
        writer.WriteString(request.Target!.GrainId.Type.Value);
        writer.WriteString(request.Target.GrainId.Key.Value);
        writer.WriteVarUInt(request.Method.Id);
        writer.WriteString(request.Ambience?.TraceParent);
        WriteContext(writer, request.Ambience?.Values);
        request.WriteArguments(writer);
    }

    public static CallHead ReadHead(CodecReader reader) => new(
        (long)reader.ReadVarUInt(), (long)reader.ReadVarUInt(), (long)Math.Min(reader.ReadVarUInt(), int.MaxValue), (int)Math.Min(reader.ReadVarUInt(), int.MaxValue),
        new GrainId(GrainType.Create(Name(reader)), IdSpan.Create(Name(reader))), (uint)reader.ReadVarUInt());

    public static void ReadArguments(CodecReader reader, GrainRequest request)
    {
        string? traceParent = reader.ReadString();
        ImmutableDictionary<string, object>? context = ReadContext(reader);
        request.ReadArguments(reader);
        request.Ambience = CallAmbience.Of(context, traceParent);
    }

    public static CodecWriter WriteAnswer(GrainRequest request, long number, long view)
    {
        var writer = new CodecWriter();
        writer.WriteVarUInt((ulong)number);
        writer.WriteVarUInt((ulong)view);
        int head = writer.Length;
        try
        {
            if (request.Rejection is { } rejection) WriteError(writer, rejection, AnswerStatus.Rejected);
            else request.WriteAnswer(writer);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            writer.Truncate(head);
            WriteError(writer, e);
        }

        return writer;
    }

    public static CodecWriter WriteFailure(Exception error, long number, long view)
    {
        var writer = new CodecWriter();
        writer.WriteVarUInt((ulong)number);
        writer.WriteVarUInt((ulong)view);
        WriteError(writer, error);
        return writer;
    }

    public static void WriteError(CodecWriter writer, Exception error) =>
        WriteError(writer, error, error is OperationCanceledException ? AnswerStatus.Cancelled : AnswerStatus.Error);

    private static void WriteError(CodecWriter writer, Exception error, AnswerStatus status)
    {
        writer.WriteByte((byte)status);
        writer.WriteString(error.GetType().FullName);
        writer.WriteString(error.Message);
    }

    /// <summary>Reads how a call ended and tells its caller; false when it did not begin, and its caller was not told.</summary>
    public static bool TryReadAnswer(CodecReader reader, GrainRequest request, out string reason)
    {
        reason = "";
        switch ((AnswerStatus)reader.ReadByte())
        {
            case AnswerStatus.Result:
                request.ReadAnswer(reader);
                break;
            case AnswerStatus.Error:
                request.TryFail(RemoteErrors.Make(reader.ReadString() ?? "", reader.ReadString() ?? ""));
                break;
            case AnswerStatus.Cancelled:
                _ = reader.ReadString();
                request.TryFail(new OperationCanceledException(reader.ReadString()));
                break;
            case AnswerStatus.Rejected:
                _ = reader.ReadString();
                reason = reader.ReadString() ?? "";
                return false;
            default:
                throw new CodecException("An answer is neither a result nor an error.");
        }

        return true;
    }

    private static string Name(CodecReader reader) => reader.ReadString() is { Length: > 0 and <= 1024 } name ? name : throw new CodecException("A grain id is empty or too long.");

    private static void WriteContext(CodecWriter writer, ImmutableDictionary<string, object>? values)
    {
        writer.WriteVarUInt((ulong)(values?.Count ?? 0));
        if (values is null) return;
        foreach ((string key, object value) in values)
        {
            writer.WriteString(key);
            switch (value)
            {
                case string text:
                    writer.WriteByte(Text);
                    writer.WriteString(text);
                    break;
                case long or int or short or byte:
                    writer.WriteByte(Number);
                    writer.WriteVarInt(Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture));
                    break;
                case bool truth:
                    writer.WriteByte(Truth);
                    writer.WriteBool(truth);
                    break;
                case Guid unique:
                    writer.WriteByte(Unique);
                    writer.WriteGuid(unique);
                    break;
                default:
                    throw new NotSupportedException($"The request context value '{key}' is a {value.GetType()}; between silos it may be a text, an integer, a truth value or a Guid.");
            }
        }
    }

    private static ImmutableDictionary<string, object>? ReadContext(CodecReader reader)
    {
        int count = reader.ReadCount();
        if (count == 0) return null;
        if (count > ContextValuesMax) throw new CodecException($"A request context of {count} values; at most {ContextValuesMax} are taken.");
        ImmutableDictionary<string, object>.Builder values = ImmutableDictionary.CreateBuilder<string, object>();
        for (int i = 0; i < count; i++)
        {
            string key = reader.ReadString() ?? "";
            values[key] = reader.ReadByte() switch
            {
                Text => reader.ReadString() ?? "",
                Number => reader.ReadVarInt(),
                Truth => reader.ReadBool(),
                Unique => reader.ReadGuid(),
                byte other => throw new CodecException($"{other} is no kind of context value."),
            };
        }

        return values.ToImmutable();
    }
}
