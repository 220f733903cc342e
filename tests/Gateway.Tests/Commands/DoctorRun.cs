using Gateway.Commands;
using Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Gateway.Tests.Commands;

/// <summary>One run of <c>doctor</c> at the weather server.</summary>
internal sealed record DoctorRun(int Exit, string Output)
{
    public static async Task<DoctorRun> OfAsync(World world, string? subjectToken = null)
    {
        string[] subject = [];
        if (subjectToken is not null)
        {
            var path = Path.Combine(world.Gateway.Directory_, Guid.NewGuid().ToString("N"));
            await File.WriteAllTextAsync(path, subjectToken, TestContext.Current.CancellationToken);
            subject = ["--subject-token-file", path];
        }

        using StringWriter output = new(), errors = new();
        var exit = await new CommandLine(output, errors).RunAsync(["doctor", "--server", "weather", "--config", world.Gateway.ConfigPath, .. subject]);
        return new(exit, output + errors.ToString());
    }

    /// <summary>The one line that begins so.</summary>
    public string Line(string start)
    {
        var lines = Output.Split(Environment.NewLine).Where(line => line.StartsWith(start, StringComparison.Ordinal)).ToArray();
        Assert.True(lines.Length == 1, Output);
        return lines[0];
    }

    public static RequestDelegate Says(int status, string? type, string body, Action<HttpResponse>? more = null) => context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        more?.Invoke(context.Response);
        return body.Length == 0 ? Task.CompletedTask : context.Response.WriteAsync(body);
    };
}
