using System.Buffers;
using System.Text.Json;
using TokenExchange.Inbound;

namespace TokenExchange.AspNetCore.Http;

/// <summary>The protected resource metadata of one server.</summary>
/// <remarks>RFC 9728 §2, §3.</remarks>
internal static class ResourceDocument
{
    public const string WellKnown = "/.well-known/oauth-protected-resource";

    /// <summary>The path of the document of a server at <paramref name="serverPath"/>: the well-known name goes between host and path (RFC 9728 §3.1).</summary>
    public static string PathOf(string serverPath) => serverPath is "" or "/" ? WellKnown : WellKnown + serverPath;

    /// <summary>The document.</summary>
    /// <param name="resource">The server's identifier.</param>
    /// <param name="name">What a user may be shown; null: nothing.</param>
    /// <param name="issuers">Where clients get tokens.</param>
    /// <param name="scopes">The scopes that a client may have to ask for.</param>
    /// <param name="proofAlgorithms">The algorithms of DPoP proofs; none where no proof is taken.</param>
    /// <param name="proofRequired">Whether a token must be bound to a key.</param>
    public static ReadOnlyMemory<byte> Write(string resource, string? name, IEnumerable<string> issuers, IEnumerable<string> scopes, IEnumerable<string> proofAlgorithms, bool proofRequired)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("resource", resource);
        Strings(json, "authorization_servers", issuers);
        Strings(json, "scopes_supported", scopes);
        Strings(json, "bearer_methods_supported", ["header"]);
        Strings(json, "dpop_signing_alg_values_supported", proofAlgorithms);
        if (proofRequired)
        {
            json.WriteBoolean("dpop_bound_access_tokens_required", true);
        }

        if (name is not null)
        {
            json.WriteString("resource_name", name);
        }

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
        if (values.Any())
        {
            json.WriteStrings(name, values);
        }
    }
}
