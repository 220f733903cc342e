using Harness;
using TokenExchange.Inbound.Introspection;
using TokenExchange.Issuers;
using Xunit;

namespace TokenExchange.Tests.Request;

/// <summary>A server outlives reloads; the clients of configurations that are gone do not.</summary>
public sealed class RegisteredClientTests
{
    [Fact]
    public async Task Clients_that_nobody_has_asked_as_for_an_hour_are_let_go_when_another_comes_and_those_in_use_stay()
    {
        await using var exchange = new Exchange();
        var (endpoints, clock) = (exchange.Server.Endpoints, exchange.Clock);
        var kept = endpoints.Client(Client("kept"));
        for (var reload = 0; reload < 50; reload++)
        {
            _ = endpoints.Client(Client($"secret-{reload}"));
            clock.Advance(TimeSpan.FromMinutes(10));
            Assert.Same(kept, endpoints.Client(Client("kept")));
            Assert.InRange(endpoints.ClientCount, 1, 8);
        }
    }

    [Fact]
    public async Task A_client_that_is_asked_about_tokens_is_in_use()
    {
        await using var exchange = new Exchange();
        exchange.Stub.WireAnswer = _ => StubAnswer.Json(200, """{"active":true,"sub":"alice"}""");
        var settings = Client("kept");
        var client = new IntrospectionClient(exchange.Server, settings, new Uri(exchange.Stub.Issuer + "/introspect"));
        var endpoints = exchange.Server.Endpoints;
        var kept = endpoints.Client(settings);
        for (var minutes = 0; minutes < 90; minutes += 10)
        {
            exchange.Clock.Advance(TimeSpan.FromMinutes(10));
            Assert.IsType<IntrospectionAnswer.Active>(await client.IntrospectAsync("token".AsMemory(), "alice", TestContext.Current.CancellationToken));
            _ = endpoints.Client(Client($"secret-{minutes}"));
        }

        Assert.Same(kept, endpoints.Client(settings));
    }

    private static ClientSettings Client(string secret) =>
        new() { Id = "mcp-gateway", Authentication = ClientAuthenticationMethod.ClientSecretBasic, Secret = new ClientSecret(secret) };
}
