using System.Text;
using Deputy.Attacks;

namespace Deputy.Families;

/// <summary>One bearer token, in the header, or none: whatever could be read two ways is refused.</summary>
internal static class CredentialCases
{
    private const string Header = "MCP Authorization, Token Requirements; RFC 6750 §2.1";
    private const string One = "RFC 6750 §3.1: more than one method is invalid_request";

    public static IReadOnlyList<Case> All { get; } =
    [
        Faults.Request("credentials.none", "Without a token nothing goes through.", Header, (_, _) => Call.Tool("alpha", null)),
        Faults.Request("credentials.two-headers", "Two Authorization lines are refused.", One, (attack, token) => Call.Tool("alpha", token).With("Authorization", "Bearer " + attack.Token().Build())),
        Faults.Request("credentials.two-headers-foreign", "Also when one of them is for another server.", One, (attack, token) => Call.Tool("alpha", attack.Token("beta").Build()).With("Authorization", "Bearer " + token)),
        Faults.Request("credentials.comma-joined", "Two credentials in one line are refused.", One, (attack, token) => Call.Tool("alpha", $"{token}, Bearer {attack.Token().Build()}")),
        Faults.Request("credentials.query", "A token in the query is none.", "MCP Authorization: MUST NOT be in the query; RFC 9700 §4.3.2", (_, token) => Call.Tool("alpha", null).Change(call => call.Target += "?access_token=" + token)),
        Faults.Request("credentials.query-and-header", "One in the query beside one in the header is refused.", One, (attack, token) => Call.Tool("alpha", token).Change(call => call.Target += "?access_token=" + attack.Token("beta").Build())),
        Faults.Request("credentials.query-encoded", "Also when the parameter's name is encoded.", One, (_, token) => Call.Tool("alpha", null).Change(call => call.Target += "?%61ccess_token=" + token)),
        Faults.Request("credentials.form", "A token in a form is none.", Header, (_, token) => Call.Text("alpha", null, "access_token=" + token + "&id=ID").Change(call => call.ContentType = "application/x-www-form-urlencoded")),
        Faults.Request("credentials.cookie", "A token in a cookie is none.", Header, (_, token) => Call.Tool("alpha", null).With("Cookie", "access_token=" + token)),
        Faults.Request("credentials.forwarded-header", "Nor is one in a header that some proxies set.", Header, (_, token) => Call.Tool("alpha", null).With("X-Forwarded-Access-Token", token)),
        Faults.Request("credentials.proxy-authorization", "Nor one in Proxy-Authorization.", "RFC 9110 §11.7", (_, token) => Call.Tool("alpha", null).With("Proxy-Authorization", "Bearer " + token)),
        Faults.Request("credentials.basic", "A token is no password.", Header, (_, token) => Call.Tool("alpha", Convert.ToBase64String(Encoding.ASCII.GetBytes("u:" + token))).Change(call => call.Scheme = "Basic")),
        Faults.Request("credentials.no-scheme", "A token without its scheme is none.", Header, (_, token) => Call.Tool("alpha", null).With("Authorization", token)),
        Faults.Request("credentials.empty", "Bearer and nothing is nothing.", Header, (_, _) => Call.Tool("alpha", "")),
        Faults.Request("credentials.text-after", "A token and something else is malformed.", Header, (_, token) => Call.Tool("alpha", token + " x")),
        Faults.Request("credentials.blank-before-colon", "A header's name ends at its colon.", "RFC 9112 §5.1", (_, token) => Call.Tool("alpha", token).Change(call => call.HeadText = head => head.Replace("Authorization:", "Authorization :", StringComparison.Ordinal)), closingIsNo: true),
        Faults.Request("credentials.trailer", "A token in a trailer is none.", "RFC 9110 §6.5.1", (_, token) => Chunked(Call.Tool("alpha", null), "Authorization: Bearer " + token)),
        Faults.Request("credentials.quoted", "A token in quotes is none.", Header, (_, token) => Call.Tool("alpha", $"\"{token}\"")),
        Faults.Request("credentials.url-encoded", "Nor is an encoded one decoded.", Header, (_, token) => Call.Tool("alpha", token.Replace(".", "%2E", StringComparison.Ordinal))),
    ];

    /// <summary>The same call in chunks, with these trailers.</summary>
    public static Call Chunked(Call call, string trailers)
    {
        var body = call.Body!;
        call.Headers.Add(("Transfer-Encoding", "chunked"));
        call.Body = $"{Encoding.UTF8.GetByteCount(body):x}\r\n{body}\r\n0\r\n{trailers}\r\n\r\n";
        return call;
    }
}
