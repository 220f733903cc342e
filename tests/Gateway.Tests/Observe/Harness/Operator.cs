using System.Text.Json.Nodes;
using Gateway.Management;
using Gateway.Tests.Harness;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Observe.Harness;

/// <summary>Somebody at the management listener of a running gateway.</summary>
internal static class Operator
{
    /// <summary>Options with the listener on a free port, with the page unless said otherwise.</summary>
    public static Action<JsonObject> Management(bool page = true, Action<JsonObject>? change = null) => options =>
    {
        options["Management"] = new JsonObject { ["Url"] = "http://127.0.0.1:0", ["Page"] = page };
        change?.Invoke(options);
    };

    /// <summary>Adds an authorization server, <c>away</c>, at which nobody answers.</summary>
    public static void Away(JsonObject options) => options["AuthorizationServers"]!["away"] = new JsonObject
    {
        ["Issuer"] = "http://127.0.0.1:9/away",
        ["Inbound"] = false,
        ["Client"] = new JsonObject { ["Id"] = "mcp-gateway", ["Authentication"] = "client_secret_basic", ["Secret"] = World.Secret },
    };

    public static string ManagementUrl(this TestGateway gateway) => gateway.Services.GetRequiredService<ManagementListener>().Address!;

    /// <summary>Asks the management listener.</summary>
    public static async Task<Answer> AskAsync(this TestGateway gateway, HttpMethod method, string path, HttpContent? content = null, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(method, gateway.ManagementUrl() + path) { Content = content };
        change?.Invoke(request);
        using var response = await gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return await Answer.OfAsync(response);
    }

    public static Task<Answer> GetAsync(this TestGateway gateway, string path) => gateway.AskAsync(HttpMethod.Get, path);

    /// <summary>The page, without what only says where a line may break.</summary>
    public static async Task<string> PageAsync(this TestGateway gateway) => (await gateway.GetAsync("/")).Body.Replace("<wbr>", "", StringComparison.Ordinal);

    /// <summary>Sends the explain form as a browser does that shows the page.</summary>
    public static Task<Answer> ExplainAsync(this TestGateway gateway, string server, string token, Action<HttpRequestMessage>? change = null) =>
        gateway.AskAsync(HttpMethod.Post, "/explain", new FormUrlEncodedContent([new("server", server), new("token", token)]), request =>
        {
            request.Headers.TryAddWithoutValidation("Origin", gateway.ManagementUrl());
            request.Headers.TryAddWithoutValidation("Sec-Fetch-Site", "same-origin");
            change?.Invoke(request);
        });

    /// <summary>The samples of a scrape: name, labels and value as written.</summary>
    public static IReadOnlyList<Sample> Samples(string text) => [.. text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(Sample.Parse)];
}

/// <summary>One line of a scrape.</summary>
internal sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value)
{
    public static Sample Parse(string line)
    {
        var end = line.LastIndexOf(' ');
        var series = line[..end];
        var brace = series.IndexOf('{', StringComparison.Ordinal);
        var labels = brace < 0
            ? []
            : System.Text.RegularExpressions.Regex.Matches(series[brace..], "([a-z_]+)=\"((?:[^\"\\\\]|\\\\.)*)\"").ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
        return new Sample(brace < 0 ? series : series[..brace], labels, double.Parse(line[(end + 1)..].Replace("+Inf", "Infinity", StringComparison.Ordinal), System.Globalization.CultureInfo.InvariantCulture));
    }

    public bool Has(string name, params (string Label, string Value)[] labels) =>
        Name == name && labels.All(label => Labels.TryGetValue(label.Label, out var value) && value == label.Value);
}
