using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gateway.Advertise;
using Gateway.Authorize;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Authorize;

/// <summary>Names that are one to a reader who folds case are one here, the characters included that fold to several.</summary>
public sealed class MemberNamesTests
{
    /// <summary>What Python's <c>str.casefold</c> makes of every character that it makes several of.</summary>
    private const string ByPython =
        """
        00DF:0073+0073 0130:0069+0307 0149:02BC+006E 01F0:006A+030C 0390:03B9+0308+0301 03B0:03C5+0308+0301 0587:0565+0582 1E96:0068+0331 1E97:0074+0308
        1E98:0077+030A 1E99:0079+030A 1E9A:0061+02BE 1E9E:0073+0073 1F50:03C5+0313 1F52:03C5+0313+0300 1F54:03C5+0313+0301 1F56:03C5+0313+0342 1F80:1F00+03B9
        1F81:1F01+03B9 1F82:1F02+03B9 1F83:1F03+03B9 1F84:1F04+03B9 1F85:1F05+03B9 1F86:1F06+03B9 1F87:1F07+03B9 1F88:1F00+03B9 1F89:1F01+03B9 1F8A:1F02+03B9
        1F8B:1F03+03B9 1F8C:1F04+03B9 1F8D:1F05+03B9 1F8E:1F06+03B9 1F8F:1F07+03B9 1F90:1F20+03B9 1F91:1F21+03B9 1F92:1F22+03B9 1F93:1F23+03B9 1F94:1F24+03B9
        1F95:1F25+03B9 1F96:1F26+03B9 1F97:1F27+03B9 1F98:1F20+03B9 1F99:1F21+03B9 1F9A:1F22+03B9 1F9B:1F23+03B9 1F9C:1F24+03B9 1F9D:1F25+03B9 1F9E:1F26+03B9
        1F9F:1F27+03B9 1FA0:1F60+03B9 1FA1:1F61+03B9 1FA2:1F62+03B9 1FA3:1F63+03B9 1FA4:1F64+03B9 1FA5:1F65+03B9 1FA6:1F66+03B9 1FA7:1F67+03B9 1FA8:1F60+03B9
        1FA9:1F61+03B9 1FAA:1F62+03B9 1FAB:1F63+03B9 1FAC:1F64+03B9 1FAD:1F65+03B9 1FAE:1F66+03B9 1FAF:1F67+03B9 1FB2:1F70+03B9 1FB3:03B1+03B9 1FB4:03AC+03B9
        1FB6:03B1+0342 1FB7:03B1+0342+03B9 1FBC:03B1+03B9 1FC2:1F74+03B9 1FC3:03B7+03B9 1FC4:03AE+03B9 1FC6:03B7+0342 1FC7:03B7+0342+03B9 1FCC:03B7+03B9
        1FD2:03B9+0308+0300 1FD3:03B9+0308+0301 1FD6:03B9+0342 1FD7:03B9+0308+0342 1FE2:03C5+0308+0300 1FE3:03C5+0308+0301 1FE4:03C1+0313 1FE6:03C5+0342
        1FE7:03C5+0308+0342 1FF2:1F7C+03B9 1FF3:03C9+03B9 1FF4:03CE+03B9 1FF6:03C9+0342 1FF7:03C9+0342+03B9 1FFC:03C9+03B9 FB00:0066+0066 FB01:0066+0069
        FB02:0066+006C FB03:0066+0066+0069 FB04:0066+0066+006C FB05:0073+0074 FB06:0073+0074 FB13:0574+0576 FB14:0574+0565 FB15:0574+056B FB16:057E+0576
        FB17:0574+056D
        """;

    private static readonly (string From, string To)[] Full = [.. ByPython.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).Select(entry => entry.Split(':', '+')).Select(parts => (Text(parts[0]), string.Concat(parts[1..].Select(Text))))];

    [Fact]
    public void A_character_that_folds_to_several_is_a_duplicate_of_those()
    {
        Assert.Equal(104, Full.Length);
        Assert.All(Full, fold => Assert.Same(BodyRefusal.Duplicate, FaultOf($"x{fold.From}y", $"X{fold.To}Y")));
        Assert.All(Full, fold => Assert.Same(BodyRefusal.Duplicate, FaultOf(fold.To.ToUpperInvariant(), fold.From)));
    }

    [Fact]
    public void Two_characters_that_fold_to_the_same_several_are_duplicates_of_each_other()
    {
        var alike = Full.GroupBy(fold => fold.To).Where(group => group.Count() > 1).ToArray();

        Assert.Equal(31, alike.Length);
        Assert.All(alike, group => Assert.Same(BodyRefusal.Duplicate, FaultOf([.. group.Select(fold => fold.From)])));
    }

    [Theory]
    [InlineData("stra\u00DFe", "STRASSE")]
    [InlineData("o\uFB03ce", "oFFice")]
    [InlineData("\u0130", "i\u0307")]
    [InlineData("\u0130", "i")]
    [InlineData("\u0130d", "I\u0307D")]
    [InlineData("\u0130\u0307x", "i\u0307x")]
    [InlineData("i\0\u0307x", "ix")]
    [InlineData("\u1E9E", "\u00DF")]
    [InlineData("tas\u212A", "task")]
    public void Names_that_some_reader_takes_for_one_are_refused(string first, string second) =>
        Assert.Contains(FaultOf(first, second), new Refusal?[] { BodyRefusal.Duplicate, BodyRefusal.Nul, BodyRefusal.Misspelt });

    [Theory]
    [InlineData("stra\u00DFe", "strase")]
    [InlineData("\uFB01", "fl")]
    [InlineData("e\u0307", "e")]
    [InlineData("caf\u00E9", "cafe")]
    [InlineData("\u1F80", "\u1F00")]
    [InlineData("\u1F88", "\u1F91")]
    public void Names_that_folding_keeps_apart_are_two(string first, string second) => Assert.Null(FaultOf(first, second));

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"ping","params":{"stra\u00dfe":1,"STRASSE":2}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","_meta":{"\ufb01":1,"fi":2}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"subscriptions/listen","params":{"noti\ufb01cations":{"resourceSubscriptions":["https://a.example/secret"]}}}""")]
    public async Task A_body_with_such_names_does_not_reach_the_server(string body)
    {
        await using var world = await World.StartAsync();

        var answer = await world.Gateway.CallAsync("/weather", world.WeatherToken(), body);

        Assert.Equal(400, answer.Status);
        Assert.Equal("body_invalid", answer.Reason);
        world.AssertNothingWasSent();
    }

    private static Refusal? FaultOf(params string[] names)
    {
        var json = new JsonArray([.. names]);
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes($"{{{string.Join(',', json.Select(name => name!.ToJsonString() + ":1"))}}}"));
        Refusal? fault = null;
        reader.Read();
        var members = new MemberNames(null);
        while (members.Next(ref reader, ref fault, out _))
        {
            reader.Skip();
        }

        return fault;
    }

    private static string Text(string codePoint) => char.ConvertFromUtf32(int.Parse(codePoint, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
}
