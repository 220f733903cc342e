using System.Collections;
using System.Reflection;
using System.Text;
using Gateway.Front;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Gateway.Tests.Front;

/// <summary>A front mints, stores and receives nothing: after an answer nothing of the flow is left, in memory or in a log.</summary>
public sealed class NothingIsKeptTests
{
    private static readonly string[] Canaries = ["canary-code", "canary-verifier", "canary-access", "canary-refresh", "canary-state", "canary-cookie", FrontWorld.Challenge];

    [Fact]
    public async Task No_code_verifier_state_or_token_is_logged_whatever_comes_of_it()
    {
        await using var world = await FrontWorld.StartAsync();
        await FlowAsync(world);
        var wrong = FrontWorld.Code();
        wrong["client_id"] = "another-client";
        await world.TokenAsync(wrong);
        await world.TokenAsync(FrontWorld.Code(), "&code=canary-code");
        await world.AskAsync(AuthorizeTests.Changed("redirect_uri", "https://evil.example/canary-code"));
        world.World.As.TokenAnswer = context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        await world.TokenAsync(FrontWorld.Code());

        // The web server's own line of a request has its query: of the authorization request that is the client's affair.
        var lines = world.Gateway.Log.Split('\n').Where(line => !line.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal));

        Assert.All(Canaries, canary => Assert.DoesNotContain(lines, line => line.Contains(canary, StringComparison.Ordinal)));
        Assert.All(["canary-code", "canary-verifier", "canary-access", "canary-refresh"], canary =>
            Assert.DoesNotContain(world.Gateway.Log.Split('\n').Where(line => !line.Contains("/authorize?", StringComparison.Ordinal)), line => line.Contains(canary, StringComparison.Ordinal)));
        Assert.Contains("By the consent of a user the front of corp sent a browser on, for weather", world.Gateway.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_that_the_gateway_holds_afterwards_has_anything_of_the_flow_in_it()
    {
        await using var world = await FrontWorld.StartAsync();
        await FlowAsync(world);

        var held = new Reachable(world.Gateway.Services.GetRequiredService<FrontEndpoints>());

        Assert.Contains(held.Texts, text => text.Contains(FrontWorld.ClientId, StringComparison.Ordinal));
        Assert.All(Canaries, canary => Assert.DoesNotContain(held.Texts, text => text.Contains(canary, StringComparison.Ordinal)));
    }

    private static async Task FlowAsync(FrontWorld world)
    {
        var page = await world.AskAsync();
        Assert.Equal(303, (await world.ConsentAsync(FrontWorld.FieldsOf(page), FrontWorld.CookieOf(page))).Status);
        Assert.Equal(201, (await world.RegisterAsync($$"""{"redirect_uris":["{{FrontWorld.RedirectUri}}"]}""")).Status);
        Assert.Equal(200, (await world.TokenAsync(FrontWorld.Code())).Status);
    }

    /// <summary>The texts of every object of this program that can be reached from one of them.</summary>
    private sealed class Reachable
    {
        private readonly HashSet<object> seen = new(ReferenceEqualityComparer.Instance);
        private readonly Queue<object> left = new();

        public Reachable(object root)
        {
            Visit(root);
            while (left.TryDequeue(out var next))
            {
                Open(next);
            }
        }

        public List<string> Texts { get; } = [];

        private void Open(object value)
        {
            switch (value)
            {
                case string text:
                    Texts.Add(text);
                    return;
                case byte[] bytes:
                    Texts.Add(Encoding.UTF8.GetString(bytes));
                    return;
                case char[] characters:
                    Texts.Add(new string(characters));
                    return;
                case Array { Length: > 0 } array when !array.GetType().GetElementType()!.IsPrimitive:
                    foreach (var element in (IEnumerable)array)
                    {
                        Visit(element);
                    }

                    return;
            }

            for (var type = value.GetType(); type is not null && IsOpened(type); type = type.BaseType)
            {
                foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                {
                    if (!field.FieldType.IsPointer && !field.FieldType.IsByRefLike && !field.FieldType.IsPrimitive)
                    {
                        Visit(field.GetValue(value));
                    }
                }
            }
        }

        private void Visit(object? value)
        {
            if (value is not null && (value.GetType().IsValueType || seen.Add(value)))
            {
                left.Enqueue(value);
            }
        }

        // Ours, and what holds things: connections and the web server reuse their buffers.
        private static bool IsOpened(Type type) =>
            type.Assembly == typeof(FrontEndpoints).Assembly
            || type.Assembly == typeof(TokenExchange.Issuers.AuthorizationServer).Assembly
            || type.Namespace?.StartsWith("System.Collections", StringComparison.Ordinal) == true
            || type.Namespace is "System" && (type.IsGenericType || type.IsSubclassOf(typeof(Delegate)));
    }
}
