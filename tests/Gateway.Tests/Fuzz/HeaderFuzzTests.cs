using System.Collections.Frozen;
using System.Text;
using System.Text.RegularExpressions;
using Gateway.Authenticate;
using Gateway.Authorize;
using Harness;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Xunit;

namespace Gateway.Tests.Fuzz;

/// <summary>Credentials and MCP's own headers: nothing is taken that a strict reading refuses, and every sound one is.</summary>
public sealed partial class HeaderFuzzTests
{
    private const string Token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJpIn0.c2lnbmF0dXJl-_~+/=";

    private static readonly string[] Schemes = ["Bearer", "Bearer", "bearer", "BEARER", "DPoP", "dpop", "Basic", "Bearer\u00A0", "Βearer", "Bear", "", "Bearer,", "Bearer:", "\"Bearer\""];
    private static readonly string[] Separators = [" ", " ", " ", "  ", "\t", "", " \t", "=", "\u00A0", ","];
    private static readonly string[] Queries = ["", "", "", "?a=1", "?access_token=x", "?ACCESS_TOKEN=x", "?access%5Ftoken=x", "?x=access_token", "?a&access_token", "?%61ccess_token=", "?+access_token=1", "?access_token%00=1", "?a;access_token[]=1", "?access.token", "?x[access_token]=1", "?a=" + Token];
    private static readonly string[] Names = ["echo", "delete_all", "caf\u00e9", "a b", "=?base64?ZWNobw==?=", "=?base64??="];
    private static readonly string[] Versions = ["2026-07-28", "2025-06-18", "2024-11-05", "2099-01-01", "DRAFT", ""];

    [Theory]
    [InlineData(6750)]
    public void A_token_is_taken_from_exactly_one_sound_header_and_nowhere_else(int seed)
    {
        var random = new Random(seed);
        var taken = 0;
        for (var i = 0; i < Fuzzing.Inputs; i++)
        {
            var request = new DefaultHttpContext().Request;
            request.QueryString = new QueryString(random.One(Queries));
            request.Path = random.Once(30) ? "/weather/" + Token : "/weather";
            var lines = Enumerable.Range(0, random.One(1, 1, 1, 1, 0, 2)).Select(_ => random.One(Schemes) + random.One(Separators) + Text(random)).ToArray();
            request.Headers.Authorization = lines;
            if (random.Once(20))
            {
                request.Headers[random.One("Accept", "X-Own", "Mcp-Session-Id")] = "x" + Token;
            }

            var token = BearerCredentials.Read(request, new[] { "X-Own" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase), out var withProof, out var refusal);

            var strict = lines.Length == 1 && Sound().Match(lines[0]) is { Success: true } match && !NamesToken(request.QueryString.Value!) ? match : null;
            var elsewhere = strict is not null && ((request.Path + request.QueryString.Value).Contains(strict.Groups[2].Value, StringComparison.Ordinal)
                || request.Headers.Any(header => header.Key != "Authorization" && header.Value.ToString().Contains(strict.Groups[2].Value, StringComparison.Ordinal))) && strict.Groups[2].Length > 21;
            var shown = $"{string.Join(" | ", lines)} {request.Path}{request.QueryString} -> {refusal?.Reason}";
            Assert.True(refusal is null == (strict is not null && !elsewhere), shown);
            if (refusal is null)
            {
                taken++;
                Assert.True(token.Span.SequenceEqual(strict!.Groups[2].Value), shown);
                Assert.Equal(strict.Groups[1].Value.Equals("DPoP", StringComparison.OrdinalIgnoreCase), withProof);
            }
        }

        Assert.InRange(taken, 1_000, Fuzzing.Inputs / 2);
    }

    [Theory]
    [InlineData(2026)]
    public void Headers_agree_with_the_body_only_where_every_server_reads_the_same(int seed)
    {
        var random = new Random(seed);
        var agreed = 0;
        for (var i = 0; i < Fuzzing.Inputs; i++)
        {
            var method = random.One("tools/call", "resources/read", "tools/list", "initialize");
            var named = method is "tools/call" or "resources/read";
            var operation = new Operation(random.One(MessageKind.Request, MessageKind.Request, MessageKind.Notification), method, named ? random.One(Names) : null, random.One(null, random.One(Versions)));
            var headers = new HeaderDictionary();
            Set(headers, "MCP-Protocol-Version", random.Once(3) ? null : operation.ProtocolVersion ?? random.One(Versions), random);
            Set(headers, "Mcp-Method", random.Once(3) ? null : method, random);
            Set(headers, "Mcp-Name", random.Once(3) ? null : operation.Name ?? random.One(Names), random);

            if (!McpHeaders.Agree(headers, operation, random.One(McpTransport.StreamableHttp, McpTransport.HttpSse)))
            {
                continue;
            }

            agreed++;
            var shown = $"{operation} {string.Join(" | ", headers.Select(header => $"{header.Key}: {header.Value}"))}";
            Assert.True(headers.All(header => header.Value.Count == 1), shown);
            Assert.True(!headers.TryGetValue("Mcp-Method", out var inHeader) || inHeader == operation.Method, shown);
            Assert.True(!headers.TryGetValue("Mcp-Name", out var name) || !named || name == operation.Name || Decoded(name.ToString()) == operation.Name, shown);
            Assert.True(!headers.TryGetValue("MCP-Protocol-Version", out var version) || method == "initialize" || operation.ProtocolVersion is null || version == operation.ProtocolVersion, shown);
        }

        Assert.InRange(agreed, 1_000, Fuzzing.Inputs - 1_000);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("%61")]
    [InlineData("&access_toke=")]
    [InlineData("&")]
    [InlineData("Bearer ")]
    public void Reading_credentials_costs_in_proportion_to_them(string piece) => Fuzzing.AssertLinear(piece, text =>
    {
        var request = new DefaultHttpContext().Request;
        request.QueryString = new QueryString("?" + text);
        request.Headers.Authorization = "Bearer " + text;
        request.Headers["X-Own"] = text;
        BearerCredentials.Read(request, new[] { "X-Own" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase), out _, out _);
        McpHeaders.Agree(new HeaderDictionary { ["Mcp-Name"] = "=?base64?" + text + "?=" }, new Operation(MessageKind.Request, "tools/call", "x"), McpTransport.StreamableHttp);
    });

    private static string Text(Random random)
    {
        var token = random.Once(5) ? Token[..random.Next(30)] : Token;
        return random.Once(3) ? Encoding.Latin1.GetString(Fuzzing.Mutate(Encoding.Latin1.GetBytes(token), random)) : token;
    }

    /// <summary>As it is, encoded as the revision says, twice, or changed.</summary>
    private static void Set(HeaderDictionary headers, string name, string? value, Random random)
    {
        if (value is null)
        {
            return;
        }

        headers[name] = random.Next(8) switch
        {
            0 => new StringValues([value, value]),
            1 => new StringValues([value, random.One(Names)]),
            2 => value + random.One(" ", ",", "\0", ", " + value),
            3 => value.ToUpperInvariant(),
            4 => $"=?{random.One("base64", "BASE64", "base32")}?{Convert.ToBase64String(Encoding.UTF8.GetBytes(random.One(value, random.One(Names))))}{random.One("?=", "?", "")}",
            5 => random.One(Names),
            _ => (StringValues)value,
        };
    }

    private static string? Decoded(string value)
    {
        var match = Encoded().Match(value);
        try
        {
            return match.Success ? Encoding.UTF8.GetString(Convert.FromBase64String(match.Groups[1].Value)) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static bool NamesToken(string query) => query.Split('&', ';', '?').Any(pair => InQuery().IsMatch(Uri.UnescapeDataString(pair.Split('=')[0].Replace('+', ' '))));

    [GeneratedRegex(@"\A\s*access[_ .\[]token\s*(\z|[\[\0])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex InQuery();

    /// <summary>RFC 6750 §2.1, RFC 9449 §7.1; schemes are compared without case.</summary>
    [GeneratedRegex(@"\A((?i:bearer|dpop)) +([A-Za-z0-9\-._~+/=]+)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Sound();

    [GeneratedRegex(@"\A=\?base64\?(.*)\?=\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Encoded();
}
