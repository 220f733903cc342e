using Gateway.Commands;
using Gateway.Tests.Harness;
using Xunit;

namespace Gateway.Tests.Commands;

public sealed class DoctorOutageTests
{
    [Fact]
    public async Task A_token_endpoint_that_fails_over_the_invalid_subject_is_told_from_one_that_is_not_there()
    {
        await using var world = await World.StartAsync();
        world.As.TokenAnswer = context =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        };
        using StringWriter output = new(), errors = new();
        var exit = await new CommandLine(output, errors).RunAsync(["doctor", "--server", "weather", "--config", world.Gateway.ConfigPath]);

        Assert.Equal(1, exit);
        Assert.Contains("FAIL  weather client at corp: the token endpoint gave no answer worth trusting: status 500 at ", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("--subject-token-file", output.ToString(), StringComparison.Ordinal);
    }
}
