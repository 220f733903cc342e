using System.CommandLine;
using Gateway.Configuration.Options;
using Gateway.Management;

namespace Gateway.Commands;

/// <summary><c>explain</c>: which check refuses a token at a server and why. Keys are fetched; the token goes nowhere.</summary>
internal static class ExplainCommand
{
    public static Command Create(TextReader input, TextWriter output, TextWriter errors, IReadOnlyList<string> overrides)
    {
        var options = new HostOptions();
        var server = new Option<string>("--server") { Description = "The id of the server.", HelpName = "id", Required = true };
        var file = TokenFile.Option("--token-file", "The file that holds the access token alone, without 'Bearer'.", required: true);
        var command = new Command("explain", "Says which check refuses a token at a server and why. The token is neither sent nor stored. Exits 0 when it passes, 1 when it is refused.");
        command.Options.Add(server);
        var proof = TokenFile.Option("--proof-file", "The file that holds the DPoP proof alone: the token is judged as sent with it. Whether the proof was used before, its nonce and its body are not judged.", required: false);
        var body = new Option<string?>("--body-file") { Description = "The file with the body of a call (one JSON-RPC message): operation, scopes, approval and policy are judged, too, and the policy decision point is asked.", HelpName = "path" };
        command.Options.Add(file);
        command.Options.Add(proof);
        command.Options.Add(body);
        options.AddTo(command);
        command.SetAction((parsed, cancellation) =>
            ExplainAsync(options.PathOf(parsed), overrides, parsed.GetValue(server)!, parsed.GetValue(file)!, parsed.GetValue(proof), parsed.GetValue(body), input, output, errors, cancellation));
        return command;
    }

    private static async Task<int> ExplainAsync(
        string path, IReadOnlyList<string> overrides, string id, string file, string? proofFile, string? bodyFile, TextReader input, TextWriter output, TextWriter errors, CancellationToken cancellation)
    {
        using var gateway = Unserved.Build(path, overrides, inboundOnly: true, errors);
        if (gateway?.Server(id, errors) is not { } server || TokenFile.Read(file, input, errors) is not { } token)
        {
            return 1;
        }

        string? proof = null;
        if (proofFile is not null && (proof = TokenFile.Read(proofFile, input, errors)) is null)
        {
            return 1;
        }

        byte[]? body = null;
        if (bodyFile is not null && (body = ReadBody(bodyFile, errors)) is null)
        {
            return 1;
        }

        // Without the signing keys there is no issuer that would say so.
        var minting = gateway.Options.Servers[id].Outbound?.Mode == OutboundMode.Local ? TimeProvider.System : null;
        var explanation = body is null
            ? await Explaining.ExplainAsync(server, token, proof, minting, cancellation)
            : await Explaining.ExplainAsync(server, token, proof, body, minting, cancellation);
        Print(explanation, output);
        ComparedValues.Print(token, server, gateway.Options, explanation.PresentedAudiences is not null, output);
        return explanation.Passes ? 0 : 1;
    }

    private static void Print(Explanation explanation, TextWriter output)
    {
        foreach (var step in explanation.Steps)
        {
            output.WriteLine($"{(step.Passed ? "pass" : "FAIL")}  {step.Check}");
        }

        output.WriteLine(explanation.Passes ? "passes" : $"refused: {explanation.Reason}");
        output.WriteLine(Shown.Visible(explanation.Text.Trim()));
        ComparedValues.PrintAudiences(explanation, output);
        if (explanation.Question is { } question)
        {
            output.WriteLine($"policy was asked: {Shown.Visible(question)}");
        }

        if (explanation.Reason is { } reason)
        {
            output.WriteLine($"more about it: docs/troubleshooting.md#{reason}");
        }
    }

    private static byte[]? ReadBody(string path, TextWriter errors)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            errors.WriteLine($"'{(path.Length > 0 ? Path.GetFullPath(path) : path)}' cannot be read; name a file that is there and that you may read.");
            return null;
        }
    }
}
