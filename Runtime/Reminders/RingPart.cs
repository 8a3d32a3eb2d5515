using Orleans.Runtime;

namespace Orleans.Reminders;

/// <summary>A part of the ring of grains: above one place, not above another; all of it when the two are the same.</summary>
internal static class RingPart
{
    public static bool Has(uint begin, uint end, GrainId grain)
    {
        uint place = grain.GetUniformHashCode();
        return begin < end ? place > begin && place <= end : place > begin || place <= end;
    }
}
