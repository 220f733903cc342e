using System.Buffers;
using System.Text.Json;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Proof;

namespace Gateway.Advertise;

/// <summary>The protected resource metadata of one server, serialised once per generation.</summary>
/// <remarks>RFC 9728 §2, §3.</remarks>
internal static class ResourceDocument
{
    public const string WellKnown = "/.well-known/oauth-protected-resource";

    /// <summary>The path of the document: the well-known name goes between host and path (RFC 9728 §3.1).</summary>
    public static string PathOf(string serverPath) => serverPath == "/" ? WellKnown : WellKnown + serverPath;

    public static ReadOnlyMemory<byte> Write(string resource, string name, IEnumerable<string> issuers, IEnumerable<string> scopes, SenderPolicy sender)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("resource", resource);
        Strings(json, "authorization_servers", issuers);
        Strings(json, "scopes_supported", scopes);
        Strings(json, "bearer_methods_supported", ["header"]);
        Strings(json, "dpop_signing_alg_values_supported", sender.Settings.Algorithms);
        if (sender.Required)
        {
            json.WriteBoolean("dpop_bound_access_tokens_required", true);
        }

        json.WriteString("resource_name", name);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>The scopes that a client may have to ask for: those of every rule, without sign-in scopes.</summary>
    public static ScopeSet ScopesOf(IEnumerable<string> scopes) =>
        ScopeSet.Of(scopes.Where(scope => scope is not "offline_access"));

    private static void Strings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        // RFC 9728 §3.2: what has no element is left out.
        if (!values.Any())
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
