using Xunit;

namespace Harness;

/// <summary>What tests with generated inputs share: how many, how texts are changed at random, and what reading one may cost. Seeds stand with each test.</summary>
internal static class Fuzzing
{
    public const int Inputs = 100_000;

    /// <summary>Flips a bit, cuts, doubles or inserts: once, somewhere.</summary>
    public static byte[] Mutate(byte[] sound, Random random)
    {
        if (sound.Length == 0)
        {
            return [(byte)random.Next(256)];
        }

        var at = random.Next(sound.Length);
        var length = random.Next(1, Math.Min(24, sound.Length - at) + 1);
        switch (random.Next(5))
        {
            case 0:
                var flipped = (byte[])sound.Clone();
                flipped[at] ^= (byte)(1 << random.Next(8));
                return flipped;
            case 1:
                return [.. sound[..at], .. sound[(at + length)..]];
            case 2:
                return [.. sound[..(at + length)], .. sound[at..]];
            case 3:
                return [.. sound[..at], (byte)random.Next(256), .. sound[at..]];
            default:
                return [.. sound[..at], .. sound[random.Next(sound.Length)..]];
        }
    }

    public static T One<T>(this Random random, params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];

    /// <summary>True once in so many times.</summary>
    public static bool Once(this Random random, int times) => random.Next(times) == 0;

    /// <summary>
    /// A text of about a mebibyte is read with memory in proportion to it: what takes more than one pass, or copies as it goes,
    /// shows here in the bytes, or in never coming to an end.
    /// </summary>
    public static void AssertLinear(string piece, Action<string> read, int perCharacter = 64)
    {
        var text = string.Concat(Enumerable.Repeat(piece, (1024 * 1024 / piece.Length) + 1));
        read(piece);
        var before = GC.GetAllocatedBytesForCurrentThread();
        read(text);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, (long)perCharacter * text.Length);
    }
}
