using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Harness;
using TokenExchange.Inbound;
using TokenExchange.Outbound;
using Xunit;

namespace TokenExchange.Tests;

public sealed class ArchitectureTests
{
    // What a token or an answer says of somebody.
    private static readonly string[] Telling = ["Subject", "TokenId", "Session", "Actor", "Actors", "AccessToken"];
    private static readonly Type[] Texts = [typeof(string), typeof(ImmutableArray<string>)];
    private const BindingFlags Everything = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static;

    [Fact]
    public void The_library_knows_no_web_server_and_no_proxy() =>
        Assert.DoesNotContain(
            typeof(ITokenExchanger).Assembly.GetReferencedAssemblies(),
            reference => reference.Name!.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal) || reference.Name.StartsWith("Yarp", StringComparison.Ordinal));

    [Theory]
    [InlineData(typeof(ValidatedToken))]
    [InlineData(typeof(OutboundToken))]
    public void Tokens_are_made_by_the_library_alone(Type token)
    {
        Assert.Empty(token.GetConstructors());
        Assert.True(token.IsSealed);
        Assert.DoesNotContain(
            typeof(ITokenExchanger).Assembly.GetExportedTypes().SelectMany(type => type.GetMethods(Everything)),
            method => method.ReturnType == token && method.IsStatic);
    }

    [Fact]
    public void A_request_takes_nothing_but_a_validated_token_as_its_subject()
    {
        var constructor = Assert.Single(typeof(TokenExchangeRequest).GetConstructors());
        Assert.Equal([typeof(ValidatedToken), typeof(OutboundTarget), typeof(ScopeSet)], constructor.GetParameters().Select(parameter => parameter.ParameterType));
    }

    [Theory]
    [InlineData(nameof(TokenExchangeRequest.Subject))]
    [InlineData(nameof(TokenExchangeRequest.Target))]
    public void Neither_side_of_a_request_can_be_replaced_once_the_two_were_compared(string property) =>
        Assert.Null(typeof(TokenExchangeRequest).GetProperty(property)!.SetMethod);

    [Fact]
    public void A_validated_token_shows_nobody_the_token_itself()
    {
        const string Secret = "the.raw.token";
        var token = Subjects.Token(value: Secret);
        var shown = typeof(ValidatedToken).GetProperties(Everything).Select(property => property.GetValue(token))
            .Concat(typeof(ValidatedToken).GetFields(Everything).Select(field => field.GetValue(token)))
            .Concat(typeof(ValidatedToken).GetMethods(Everything).Where(method => method.GetParameters() is [] && method.ReturnType != typeof(void)).Select(method => method.Invoke(token, [])))
            .ToList();
        Assert.NotEmpty(shown);
        Assert.DoesNotContain(shown, value => value?.ToString()?.Contains(Secret, StringComparison.Ordinal) == true);
    }

    [Fact]
    public void Tokens_do_not_print()
    {
        var issued = Cache.ScriptedExchanger.Issue(Cache.CacheFixture.Request(value: "inbound-secret"), DateTimeOffset.UnixEpoch, "hop-secret");
        Assert.DoesNotContain("secret", issued.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", Cache.CacheFixture.Request(value: "inbound-secret").ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_holds_claims_or_answers_prints_itself_in_its_own_words()
    {
        var printed =
            from type in typeof(ITokenExchanger).Assembly.GetTypes()
            where type.GetMethod(nameof(ToString), Type.EmptyTypes) is { } toString && toString.DeclaringType == type && toString.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false)
            from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            where (Telling.Contains(property.Name) && Texts.Contains(property.PropertyType)) || property.PropertyType == typeof(JsonElement) || property.PropertyType == typeof(JsonElement?)
            select $"{type.FullName}.{property.Name}";

        Assert.Equal("", string.Join("\n", printed));
    }
}
