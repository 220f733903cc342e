using System.Collections.Frozen;

namespace Gateway.Authorize;

/// <summary>The characters that fold to several, such as the sharp s to <c>ss</c>: readers exist that fold them so, among them Python's.</summary>
/// <remarks>CaseFolding.txt of Unicode, status F, which has had no addition since 5.1; the capital I with a dot is in <see cref="MemberNames"/>.</remarks>
internal static class FullFolds
{
    /// <summary>Each with what it folds to behind it.</summary>
    private const string Written =
        "\u00DFss \u0149\u02BCn \u01F0j\u030C \u0390\u03B9\u0308\u0301 \u03B0\u03C5\u0308\u0301 \u0587\u0565\u0582 " +
        "\u1E96h\u0331 \u1E97t\u0308 \u1E98w\u030A \u1E99y\u030A \u1E9Aa\u02BE \u1E9Ess \u1F50\u03C5\u0313 \u1F52\u03C5\u0313\u0300 " +
        "\u1F54\u03C5\u0313\u0301 \u1F56\u03C5\u0313\u0342 \u1FB2\u1F70\u03B9 \u1FB3\u03B1\u03B9 \u1FB4\u03AC\u03B9 " +
        "\u1FB6\u03B1\u0342 \u1FB7\u03B1\u0342\u03B9 \u1FBC\u03B1\u03B9 \u1FC2\u1F74\u03B9 \u1FC3\u03B7\u03B9 \u1FC4\u03AE\u03B9 " +
        "\u1FC6\u03B7\u0342 \u1FC7\u03B7\u0342\u03B9 \u1FCC\u03B7\u03B9 \u1FD2\u03B9\u0308\u0300 \u1FD3\u03B9\u0308\u0301 " +
        "\u1FD6\u03B9\u0342 \u1FD7\u03B9\u0308\u0342 \u1FE2\u03C5\u0308\u0300 \u1FE3\u03C5\u0308\u0301 \u1FE4\u03C1\u0313 " +
        "\u1FE6\u03C5\u0342 \u1FE7\u03C5\u0308\u0342 \u1FF2\u1F7C\u03B9 \u1FF3\u03C9\u03B9 \u1FF4\u03CE\u03B9 \u1FF6\u03C9\u0342 " +
        "\u1FF7\u03C9\u0342\u03B9 \u1FFC\u03C9\u03B9 \uFB00ff \uFB01fi \uFB02fl \uFB03ffi \uFB04ffl \uFB05st \uFB06st " +
        "\uFB13\u0574\u0576 \uFB14\u0574\u0565 \uFB15\u0574\u056B \uFB16\u057E\u0576 \uFB17\u0574\u056D";

    private static readonly FrozenDictionary<int, string> Folds = Written.Split(' ').Select(fold => (From: (int)fold[0], To: fold[1..]))
        .Concat(WithIota(0x1F80, '\u1F00')).Concat(WithIota(0x1F90, '\u1F20')).Concat(WithIota(0x1FA0, '\u1F60'))
        .ToFrozenDictionary(fold => fold.From, fold => fold.To);

    /// <summary>What a character folds to; null when that is one character.</summary>
    public static string? Of(int character) => Folds.GetValueOrDefault(character);

    /// <summary>Eight small letters of Greek with a iota below, and the eight capitals that follow them.</summary>
    private static IEnumerable<(int From, string To)> WithIota(int first, char letter) =>
        Enumerable.Range(0, 16).Select(offset => (first + offset, $"{(char)(letter + offset % 8)}\u03B9"));
}
