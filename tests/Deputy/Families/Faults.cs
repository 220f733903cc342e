using System.Text.Json.Nodes;
using Deputy.Attacks;
using Deputy.Tokens;

namespace Deputy.Families;

/// <summary>Cases of one shape: a call that is honest but for one thing must be refused before anybody hears of it.</summary>
internal static class Faults
{
    /// <summary>A token that is perfect but for what <paramref name="forge"/> does to it.</summary>
    public static Case Token(string id, string claim, string source, Action<Forged, Attack> forge, string server = "alpha") =>
        new(id, claim, source, attack =>
        {
            var token = attack.Token(server);
            forge(token, attack);
            return attack.MustRefuseAsync(Call.Tool(server, token.Build()), token);
        })
        {
            Server = server,
        };

    /// <summary>A token with this <c>aud</c>.</summary>
    public static Case Audience(string id, string claim, string source, Func<string, JsonNode?> audience) =>
        Token(id, claim, source, (token, _) => token.Payload["aud"] = audience(token.Payload["aud"]!.GetValue<string>()));

    /// <summary>A call with a perfect token that is changed in another way.</summary>
    public static Case Request(string id, string claim, string source, Func<Attack, string, Call> make, string server = "alpha", string scope = "files:read", bool closingIsNo = false) =>
        new(id, claim, source, attack =>
        {
            var token = attack.Token(server, scope: scope);
            return attack.MustRefuseAsync(make(attack, token.Build()), token, closingIsNo);
        })
        {
            Server = server,
        };
}
