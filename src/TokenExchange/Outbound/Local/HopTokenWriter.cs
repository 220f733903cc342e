using System.Buffers;
using System.Buffers.Text;
using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TokenExchange.Inbound;
using TokenExchange.Inbound.Calls;
using TokenExchange.Inbound.Introspection;
using TokenExchange.Jose;

namespace TokenExchange.Outbound.Local;

/// <summary>Writes and signs hop tokens: access tokens for one audience, as RFC 9068 has them.</summary>
internal sealed class HopTokenWriter(string issuer, LocalTokenSettings settings)
{
    /// <summary>
    /// Claims that no configuration carries over: those that the hop token states itself, those that a reader would take
    /// for its scope (<c>scp</c>), those that speak of the inbound token alone, and those by which no two answers about it
    /// are told apart.
    /// </summary>
    public static readonly FrozenSet<string> NeverCarried =
        ((IEnumerable<string>)["iss", "sub", "sub_iss", "aud", "client_id", "scope", "scp", "iat", "nbf", "exp", "jti", "act", "may_act", "cnf", .. IntrospectedClaims.Passing]).ToFrozenSet(StringComparer.Ordinal);

    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Json)? reusable;

    private readonly string[] carried = [.. settings.Claims.Where(LocalTokenSettings.CanCarry).Distinct(StringComparer.Ordinal)];

    public OutboundToken Write(TokenExchangeRequest request, SigningKey key, long now, long expires)
    {
        var (buffer, json) = reusable ??= Rent();
        buffer.ResetWrittenCount();
        json.Reset();
        Span<byte> random = stackalloc byte[16];
        RandomNumberGenerator.Fill(random);
        var id = Base64Url.EncodeToString(random);
        WriteClaims(json, request, id, now, expires);
        json.Flush();
        var header = AuthorizationHeader(OutboundToken.SchemeOf(request.Sender), buffer.WrittenSpan, key);
        if (buffer.Capacity > 64 * 1024)
        {
            reusable = null;
        }

        return new OutboundToken(header)
        {
            InboundResource = request.Target.InboundResource,

            // One list for many tokens, where it says just that.
            Audiences = request.Target.ResultAudiences is [var only] && only == request.Target.Resource ? request.Target.ResultAudiences : [request.Target.Resource],
            Scopes = request.Scopes,
            TokenId = id,
            ExpiresAt = DateTimeOffset.FromUnixTimeSeconds(expires),
            ClockSkew = request.Subject.ClockSkew,
            Signer = key,
            Sender = request.Sender,
        };
    }

    private void WriteClaims(Utf8JsonWriter json, TokenExchangeRequest request, string id, long now, long expires)
    {
        var (subject, target, scopes) = request;
        json.WriteStartObject();
        json.WriteString("iss"u8, issuer);
        if (settings.QualifySubject)
        {
            json.WriteString("sub"u8, QualifiedSubject.Of(subject.Issuer, subject.Subject));
            json.WriteString("sub_iss"u8, subject.Issuer);
        }
        else
        {
            json.WriteString("sub"u8, subject.Subject);
        }

        json.WriteString("aud"u8, target.Resource);
        if (subject.ClientId is not null)
        {
            json.WriteString("client_id"u8, subject.ClientId);
        }

        if (scopes.Count > 0)
        {
            json.WriteString("scope"u8, scopes.ToString());
        }

        json.WriteNumber("iat"u8, now);
        json.WriteNumber("nbf"u8, now);
        json.WriteNumber("exp"u8, expires);
        json.WriteString("jti"u8, id);
        json.WriteStartObject("act"u8);
        json.WriteString("sub"u8, target.InboundResource);
        if (subject.TryGetAuthority("act", out var act))
        {
            json.WritePropertyName("act"u8);
            act.WriteTo(json);
        }

        json.WriteEndObject();
        if (request.Sender is { } sender)
        {
            json.WriteStartObject("cnf"u8);
            json.WriteString("jkt"u8, sender.Thumbprint);
            json.WriteEndObject();
        }

        if (request.Call is { } call)
        {
            WriteCall(json, call, request);
        }

        foreach (var name in carried)
        {
            if ((request.Call is not null && name == AuthorizationDetails.Name) || !subject.TryGetAuthority(name, out var claim))
            {
                continue;
            }

            if (name != AuthorizationDetails.Name || target.DetailsAside.IsEmpty)
            {
                json.WritePropertyName(name);
                claim.WriteTo(json);
            }
            else if (AuthorizationDetails.Count(claim, target.DetailsAside.AsSpan()) > 0)
            {
                json.WriteStartArray(name);
                WriteDetails(json, claim, target);
                json.WriteEndArray();
            }
        }

        json.WriteEndObject();
    }

    /// <summary>The details that are carried over, and the call that the token is for.</summary>
    private void WriteCall(Utf8JsonWriter json, BoundCall call, TokenExchangeRequest request)
    {
        json.WriteStartArray(AuthorizationDetails.Name);
        if (carried.Contains(AuthorizationDetails.Name) && request.Subject.TryGetAuthority(AuthorizationDetails.Name, out var details))
        {
            WriteDetails(json, details, request.Target);
        }

        json.WriteStartObject();
        json.WriteString("type"u8, CallBinding.Type);
        json.WriteStartArray("locations"u8);
        json.WriteStringValue(request.Target.Resource);
        json.WriteEndArray();
        json.WriteString("method"u8, call.Method);
        if (call.Name is { } name)
        {
            json.WriteString("name"u8, name);
        }

        json.WriteString("content_digest"u8, call.ContentDigest);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    /// <summary>The elements that are not set aside.</summary>
    private static void WriteDetails(Utf8JsonWriter json, JsonElement details, OutboundTarget target)
    {
        foreach (var element in details.EnumerateArray())
        {
            if (!target.DetailsAside.Contains(AuthorizationDetails.TypeOf(element)!))
            {
                element.WriteTo(json);
            }
        }
    }

    /// <summary>The signed token with the scheme before it: the one text of it that is ever made.</summary>
    private static string AuthorizationHeader(string scheme, ReadOnlySpan<byte> claims, SigningKey key)
    {
        var inputLength = key.Header.Length + Base64Url.GetEncodedLength(claims.Length);
        var length = scheme.Length + inputLength + 1 + Base64Url.GetEncodedLength(key.SignatureLength);
        var header = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var token = header.AsSpan(Encoding.ASCII.GetBytes(scheme, header));
            key.Header.CopyTo(token);
            Base64Url.EncodeToUtf8(claims, token[key.Header.Length..]);
            Span<byte> signature = stackalloc byte[key.SignatureLength];
            var signed = key.Sign(token[..inputLength], signature);
            token[inputLength] = (byte)'.';
            var encoded = Base64Url.EncodeToUtf8(signature[..signed], token[(inputLength + 1)..]);
            return Encoding.ASCII.GetString(header, 0, scheme.Length + inputLength + 1 + encoded);
        }
        finally
        {
            // Somebody else's next: a valid token is not to lie about in the pool.
            ArrayPool<byte>.Shared.Return(header, clearArray: true);
        }
    }

    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Json) Rent()
    {
        var buffer = new ArrayBufferWriter<byte>(2048);
        return (buffer, new Utf8JsonWriter(buffer, JoseJson.Options));
    }
}
