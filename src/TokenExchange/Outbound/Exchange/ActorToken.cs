using System.Text.Json;
using TokenExchange.Issuers.Files;
using TokenExchange.Jose;
using TokenExchange.Outbound.Profiles;

namespace TokenExchange.Outbound.Exchange;

/// <summary>The token of the actor who asks for exchanges, as a file that somebody else keeps fresh.</summary>
/// <param name="File">Where it is; re-read when it changes.</param>
/// <param name="Type">What it is: <c>jwt</c>, <c>access_token</c> or <c>id_token</c>.</param>
/// <remarks>RFC 8693 §2.1.</remarks>
public sealed record ActorTokenSettings(string File, string Type);

/// <summary>The actor token as its file has it now.</summary>
internal sealed class ActorToken
{
    private readonly CredentialFile<Content> file;

    public ActorToken(ActorTokenSettings settings, TimeProvider clock)
    {
        Type = settings.Type switch
        {
            "jwt" => TokenType.Jwt,
            "access_token" => TokenType.AccessToken,
            "id_token" => TokenType.IdToken,
            _ => throw new ArgumentException($"The actor token type '{settings.Type}' is unknown.", nameof(settings)),
        };
        file = new("ActorToken:File", settings.File, FileContent.Assertion, Content.Of, clock);
    }

    /// <summary>The value of <c>actor_token_type</c>.</summary>
    public string Type { get; }

    /// <summary>The token, or a fixed text that says why there is none.</summary>
    public Content? Read(out string? diagnostic)
    {
        file.TryRead(out var content, out diagnostic);
        return content;
    }

    /// <summary>One token.</summary>
    /// <param name="Text">The token itself.</param>
    /// <param name="Digest">Stands for it in keys.</param>
    /// <param name="Subject">Whom it names (<c>sub</c>); null when it cannot be looked into.</param>
    internal sealed record Content(string Text, TokenDigest Digest, string? Subject)
    {
        public static Content Of(byte[] content)
        {
            var text = FileToken.Read(content);
            var claims = Jws.PayloadOf(text.AsMemory());
            return new(text, TokenDigest.Of(text), claims.ValueKind == JsonValueKind.Object ? Jws.StringOf(claims, "sub") : null);
        }

        public override string ToString() => "actor token";
    }
}
