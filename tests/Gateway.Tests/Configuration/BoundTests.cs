using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Gateway.Commands;
using Gateway.Configuration.Options;
using TokenExchange.Outbound.Local;
using Xunit;

namespace Gateway.Tests.Configuration;

/// <summary>Whatever <c>check</c> admits, <c>run</c> starts with: each bound of each key that has bounds.</summary>
public sealed class BoundTests
{
    private const string Local = "LocalIssuer={'Issuer':'https://mcp.example.com/hop','KeyDirectory':'{D}'}; F:Outbound={'Mode':'local','Resource':'https://files.internal/mcp'}; ";

    /// <summary>Where the options of a type stand, and what has to be there as well.</summary>
    private static readonly Dictionary<Type, (string Prefix, string Before)> Places = new()
    {
        [typeof(GatewayOptions)] = ("", ""),
        [typeof(AuthorizationServerOptions)] = ("A:", ""),
        [typeof(IntrospectionOptions)] = ("A:Introspection:", "A:Introspection={}; "),
        [typeof(CacheOptions)] = ("Cache:", ""),
        [typeof(ServerOptions)] = ("W:", ""),
        [typeof(DPoPOptions)] = ("W:DPoP:", ""),
        [typeof(PolicyOptions)] = ("W:Policy:", "W:Policy={'Url':'https://pdp.internal/access/v1/evaluation'}; "),
        [typeof(OutboundOptions)] = ("W:Outbound:", ""),
        [typeof(SharedStateOptions)] = ("SharedState:", "SessionKeyFile='{D}/sessions'; SharedState={'Redis':{'Endpoints':['127.0.0.1:9']}}; "),
        [typeof(RedisOptions)] = ("SharedState:Redis:", "SessionKeyFile='{D}/sessions'; SharedState={'Redis':{'Endpoints':['127.0.0.1:9']}}; "),
    };

    public static TheoryData<string, string> Bounds
    {
        get
        {
            var bounds = new TheoryData<string, string>();
            foreach (var property in typeof(GatewayOptions).Assembly.GetTypes().Where(type => type.Namespace == typeof(GatewayOptions).Namespace).SelectMany(type => type.GetProperties()))
            {
                var (prefix, before) = property.IsDefined(typeof(DurationRangeAttribute)) || property.IsDefined(typeof(RangeAttribute)) ? Places[property.DeclaringType!] : default;
                if (property.Name == nameof(OutboundOptions.Lifetime) && property.DeclaringType == typeof(OutboundOptions))
                {
                    (prefix, before) = ("F:Outbound:", Local);
                }

                if (property.GetCustomAttribute<DurationRangeAttribute>() is { } durations)
                {
                    bounds.Add(before, $"{prefix}{property.Name}='{durations.Least:c}'");
                    bounds.Add(before, $"{prefix}{property.Name}='{durations.Most:c}'");
                }

                if (property.GetCustomAttribute<RangeAttribute>() is { } numbers)
                {
                    bounds.Add(before, string.Create(CultureInfo.InvariantCulture, $"{prefix}{property.Name}={Convert.ToInt64(numbers.Minimum, CultureInfo.InvariantCulture)}"));
                    bounds.Add(before, string.Create(CultureInfo.InvariantCulture, $"{prefix}{property.Name}={Convert.ToInt64(numbers.Maximum, CultureInfo.InvariantCulture)}"));
                }
            }

            return bounds;
        }
    }

    [Theory]
    [MemberData(nameof(Bounds))]
    public void What_is_within_its_bounds_is_started_with(string before, string bound)
    {
        var directory = Directory.CreateTempSubdirectory("gateway-bounds-");
        try
        {
            SigningKeyFile.Create(directory.FullName, "ES256", TimeProvider.System);
            Write("sessions", Convert.ToBase64String(new byte[32]));
            Write("secret", "secret");
            var path = Write("gateway.json", Given.Changed($"A:Client:SecretFile='{{D}}/secret'; {before}{bound}".Replace("{D}", directory.FullName, StringComparison.Ordinal)));
            using var problems = new StringWriter();

            using var built = Unserved.Build(path, [], inboundOnly: false, problems);

            Assert.Equal("", problems.ToString());
        }
        finally
        {
            directory.Delete(recursive: true);
        }

        string Write(string name, string text)
        {
            var path = Path.Combine(directory.FullName, name);
            File.WriteAllText(path, text);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            return path;
        }
    }
}
