using Microsoft.AspNetCore.Http;

namespace Gateway.Tests.Revocation;

/// <summary>Answers of an MCP server that last.</summary>
internal static class Streams
{
    /// <summary>One event at once and another after <paramref name="more"/>.</summary>
    public static RequestDelegate TwoEvents(Task more) => async context =>
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync("data: 1\n\n", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        await more.WaitAsync(context.RequestAborted);
        await context.Response.WriteAsync("data: 2\n\n", context.RequestAborted);
    };
}
