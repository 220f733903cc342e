using System.CommandLine;
using Gateway.Configuration.Options;
using Gateway.Management;

namespace Gateway.Commands;

/// <summary><c>explain</c>: which check refuses a token at a server and why. Keys are fetched; the token goes nowhere.</summary>
internal sealed class ExplainCommand(TextReader input, TextWriter output, TextWriter errors, IReadOnlyList<string> overrides)
{
    /// <summary>More than any server may take: what is read is one message, and not a device without an end.</summary>
    private const int MaxBody = 256 * 1024 * 1024;

    private readonly HostOptions options = new();
    private readonly Option<string> server = new("--server") { Description = "The id of the server.", HelpName = "id", Required = true };
    private readonly Option<string> token = TokenFile.Option("--token-file", "The file that holds the access token alone, without 'Bearer'.", required: true);
    private readonly Option<string> proof = TokenFile.Option("--proof-file", "The file that holds the DPoP proof alone: the token is judged as sent with it. Whether the proof was used before, its nonce and its body are not judged.", required: false);
    private readonly Option<string?> body = new("--body-file") { Description = "The file with the body of a call (one JSON-RPC message): operation, scopes, approval and policy are judged, too, and the policy decision point is asked.", HelpName = "path" };

    public Command Create()
    {
        var command = new Command("explain", "Says which check refuses a token at a server and why. The token is neither sent nor stored. Exits 0 when it passes, 1 when it is refused.") { server, token, proof, body };
        options.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        using var gateway = Unserved.Build(options.PathOf(parsed), options.ArgumentsOf(parsed, overrides), inboundOnly: true, errors);
        if (gateway?.Server(parsed.GetValue(server)!, errors) is not { } judging || PresentedBy(parsed) is not { } call)
        {
            return 1;
        }

        // Without the signing keys there is no issuer that would say so.
        var minting = gateway.Options.Servers[judging.Id].Outbound?.Mode == OutboundMode.Local ? TimeProvider.System : null;
        var explanation = await Explaining.ExplainAsync(judging, call, minting, cancellation);
        Print(explanation);
        ComparedValues.Print(call.Token, judging, gateway.Options, explanation.PresentedAudiences is not null, output);
        return explanation.Passes ? 0 : 1;
    }

    /// <summary>What the files hold; null when one of them cannot be used, which was said.</summary>
    private PresentedCall? PresentedBy(ParseResult parsed)
    {
        if (TokenFile.Read(parsed.GetValue(token)!, input, errors) is not { } bearer)
        {
            return null;
        }

        var call = new PresentedCall(bearer);
        if (parsed.GetValue(proof) is { } proofFile)
        {
            call = call with { Proof = TokenFile.Read(proofFile, input, errors) };
            if (call.Proof is null)
            {
                return null;
            }
        }

        if (parsed.GetValue(body) is { } bodyFile)
        {
            call = call with { Body = ReadBody(bodyFile) };
            if (call.Body is null)
            {
                return null;
            }
        }

        return call;
    }

    private void Print(Explanation explanation)
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

    private byte[]? ReadBody(string path)
    {
        var name = path.Length > 0 && !path.Contains('\0', StringComparison.Ordinal) ? Path.GetFullPath(path) : path;
        try
        {
            using var file = File.OpenRead(path);
            using var content = new MemoryStream();
            var buffer = new byte[64 * 1024];
            while (file.Read(buffer) is > 0 and var read)
            {
                content.Write(buffer, 0, read);
                if (content.Length > MaxBody)
                {
                    errors.WriteLine($"'{name}' is larger than a body can be.");
                    return null;
                }
            }

            return content.ToArray();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            errors.WriteLine($"'{name}' cannot be read; name a file that is there and that you may read.");
            return null;
        }
    }
}
