using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Gateway.Front;

/// <summary>
/// An authorization request that the front may show to a user: a client with the id given out here, an address that is
/// listed, one server, PKCE and state. What is sent on is made of these values alone; whatever else came is dropped.
/// </summary>
/// <remarks>RFC 6749 §4.1.1; RFC 7636 §4.3; RFC 8707 §2; RFC 9700 §2.1.</remarks>
internal sealed class AuthorizationRequest
{
    private const int ChallengeLength = 43;

    /// <summary>For which server a token is asked (RFC 8707).</summary>
    private const string Resource = "resource";

    /// <summary>What is sent on as it came, where it came.</summary>
    private static readonly string[] Optional = ["login_hint", "prompt"];

    private readonly List<KeyValuePair<string, string>> asked;

    private AuthorizationRequest(ClientFront front, FrontedServer server, string redirectUri, List<KeyValuePair<string, string>> asked) =>
        (Front, Server, RedirectUri, this.asked) = (front, server, redirectUri, asked);

    public ClientFront Front { get; }

    /// <summary>The server that the client wants to use.</summary>
    public FrontedServer Server { get; }

    /// <summary>Where the answer will be sent; one that is listed.</summary>
    public string RedirectUri { get; }

    /// <summary>The parameters that the consent page sends back.</summary>
    public IEnumerable<KeyValuePair<string, string>> Parameters => [.. asked, new(Resource, Server.Resource)];

    /// <summary>Reads a request; a refusal when the first of its parts is not as it must be.</summary>
    public static bool TryRead(ClientFront front, FrontParameters parameters, [NotNullWhen(true)] out AuthorizationRequest? request, [NotNullWhen(false)] out FrontRefusal? refusal)
    {
        request = null;
        var redirectUri = parameters["redirect_uri"];
        FrontedServer? server = null;
        refusal = parameters["response_type"] != "code" ? FrontRefusal.ResponseType
            : parameters["client_id"] != front.ClientId ? FrontRefusal.Client
            : redirectUri is null || !front.RedirectUris.Lists(redirectUri) ? FrontRefusal.RedirectUri
            : parameters[Resource] is not { } resource || !front.Servers.TryGetValue(resource, out server) ? FrontRefusal.Resource
            : parameters["code_challenge_method"] != "S256" || !IsChallenge(parameters["code_challenge"]) ? FrontRefusal.Challenge
            : parameters["state"] is null ? FrontRefusal.State
            : null;
        if (refusal is not null)
        {
            return false;
        }

        List<KeyValuePair<string, string>> asked =
        [
            new("response_type", "code"),
            new("client_id", front.ClientId),
            new("redirect_uri", redirectUri!),
            new("state", parameters["state"]!),
            new("code_challenge", parameters["code_challenge"]!),
            new("code_challenge_method", "S256"),
        ];
        foreach (var name in Optional)
        {
            if (parameters[name] is { } value)
            {
                asked.Add(new(name, value));
            }
        }

        request = new AuthorizationRequest(front, server!, redirectUri!, asked);
        return true;
    }

    /// <summary>The address that the user is sent on to.</summary>
    public string Location(Uri signIn)
    {
        var location = new StringBuilder(signIn.AbsoluteUri);
        var separator = signIn.Query.Length > 1 ? '&' : signIn.Query.Length == 1 ? (char?)null : '?';
        foreach (var (name, value) in Sent())
        {
            location.Append(separator).Append(name).Append('=').Append(Uri.EscapeDataString(value));
            separator = '&';
        }

        return location.ToString();
    }

    private IEnumerable<KeyValuePair<string, string>> Sent()
    {
        foreach (var pair in asked)
        {
            yield return pair;
        }

        yield return new("scope", Server.Scope);
        if (Front.ForwardResource)
        {
            yield return new(Resource, Server.Resource);
        }
    }

    private static bool IsChallenge(string? challenge) =>
        challenge?.Length == ChallengeLength && challenge.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_');
}
