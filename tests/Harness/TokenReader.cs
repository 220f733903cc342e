using System.Buffers.Text;
using System.Text.Json.Nodes;

namespace Harness;

/// <summary>Looks into JWS compact tokens, with nothing of the code under test, and verifies nothing.</summary>
public static class TokenReader
{
    public static JsonObject HeaderOf(string token) => Part(token, 0);

    public static JsonObject PayloadOf(string token) => Part(token, 1);

    private static JsonObject Part(string token, int part) => JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[part]))!.AsObject();
}
