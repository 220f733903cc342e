using System.Text.Json.Nodes;
using Gateway.Tests.Harness;
using Harness;

namespace Gateway.Tests.Policy;

/// <summary>The usual world, in which <c>/weather</c> asks a decision point on a bare socket and <c>/notes</c> asks nobody.</summary>
internal sealed class PolicyWorld : IAsyncDisposable
{
    public const string Allow = """{"decision":true}""";
    public const string Deny = """{"decision":false}""";

    public required World World { get; init; }

    public required TestPeer Point { get; init; }

    public TestGateway Gateway => World.Gateway;

    /// <summary>What the decision point was asked, in order.</summary>
    public IReadOnlyList<JsonNode> Questions => [.. Point.Posts.Select(post => JsonNode.Parse(post.Body)!)];

    public static async Task<PolicyWorld> StartAsync(Action<JsonObject>? policy = null, Action<JsonObject>? change = null, TimeProvider? clock = null)
    {
        var point = new TestPeer { WireAnswer = _ => StubAnswer.Json(200, Allow) };
        var world = await World.StartAsync(
            options =>
            {
                var section = new JsonObject { ["Url"] = point.Origin + "/access/v1/evaluation" };
                policy?.Invoke(section);
                options["Servers"]!["weather"]!["Policy"] = section;
                change?.Invoke(options);
            },
            clock);
        return new PolicyWorld { World = world, Point = point };
    }

    /// <summary>Answers every question so.</summary>
    public void Answers(string body) => Point.WireAnswer = _ => StubAnswer.Json(200, body);

    public Task<Answer> CallAsync(string? body = null, string subject = "alice", Action<JsonObject, JsonObject>? change = null) =>
        Gateway.CallAsync("/weather", TokenOf(subject, change), body);

    public string TokenOf(string subject, Action<JsonObject, JsonObject>? change = null) => World.WeatherToken((header, payload) =>
    {
        payload["sub"] = subject;
        change?.Invoke(header, payload);
    });

    public Task<Answer> NoteAsync() => Gateway.CallAsync("/notes", World.As.Token(World.NotesResource));

    public async ValueTask DisposeAsync()
    {
        await World.DisposeAsync();
        await Point.DisposeAsync();
    }
}
