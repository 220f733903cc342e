using System.Text.Json;
using Xunit;

namespace TokenExchange.Tests.Profiles;

/// <summary>An answer as a row of a table says it: status, error code and the beginning of the description.</summary>
internal static class AnswerText
{
    public static void AssertIs(string expected, string answer)
    {
        var status = answer.Split(' ')[1];
        using var body = JsonDocument.Parse(answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
        var code = Text(body.RootElement, "error") ?? Text(body.RootElement, "errorCode");
        Assert.StartsWith(expected, $"{status} {code} {Text(body.RootElement, "error_description") ?? Text(body.RootElement, "errorSummary")}", StringComparison.Ordinal);
    }

    private static string? Text(JsonElement body, string name) => body.TryGetProperty(name, out var value) ? value.GetString() : null;
}
