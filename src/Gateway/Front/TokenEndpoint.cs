using System.Diagnostics;
using System.Text;
using Gateway.Advertise;
using Gateway.Authorize.Bodies;
using TokenExchange.Issuers;

namespace Gateway.Front;

/// <summary>
/// Where clients get their tokens: passes on a code or a refresh token to the authorization server, as the one client
/// that it knows, and its answer back. What else came is dropped; nothing is kept, and none of it is logged.
/// </summary>
/// <remarks>RFC 6749 §4.1.3, §6; RFC 7636 §4.5.</remarks>
internal static class TokenEndpoint
{
    private const int ShortestVerifier = 43, LongestVerifier = 128;

    public static async Task AnswerAsync(FrontVisit visit)
    {
        using var body = await visit.ReadAsync(SmallBody.Form);
        visit.Context.Response.Headers.Pragma = "no-cache";
        await (body switch
        {
            SmallBody.Read read when !visit.Context.Request.QueryString.HasValue => AnswerAsync(visit, read),
            SmallBody.Read or SmallBody.Unfit => visit.FailAsync(StatusCodes.Status400BadRequest, "invalid_request", "The body must be a form of at most 16 KiB, and all parameters must stand in it."),
            SmallBody.Overloaded => visit.OverloadedAsync(),
            _ => throw new UnreachableException(),
        });
    }

    private static async Task AnswerAsync(FrontVisit visit, SmallBody.Read body)
    {
        if (FrontParameters.Read(Encoding.UTF8.GetString(body.Bytes.Span), out var parameters) is { } unread)
        {
            await visit.FailAsync(StatusCodes.Status400BadRequest, "invalid_request", unread.Text);
            return;
        }

        var (form, error, description) = Read(visit.Front, parameters);
        if (form is null)
        {
            await visit.FailAsync(StatusCodes.Status400BadRequest, error!, description!);
            return;
        }

        if ((await visit.Front.SignInAsync(visit.Context.RequestAborted)).Refusal is { } closed && closed != FrontRefusal.Unreachable)
        {
            await visit.FailAsync(StatusCodes.Status400BadRequest, "invalid_request", closed.Text);
            return;
        }

        await AnswerAsync(visit, form, await visit.Front.Server.Relay!.SendAsync(form, visit.Context.RequestAborted));
    }

    private static Task AnswerAsync(FrontVisit visit, List<KeyValuePair<string, string>> form, RelayedAnswer answer)
    {
        switch (answer)
        {
            case RelayedAnswer.Answered answered:
                visit.Log.FrontTokenRelayed(visit.Front.Name, form[0].Value, answered.Status);
                return visit.WriteAsync(answered.Status, "application/json", answered.Json);
            case RelayedAnswer.Unavailable unavailable:
                RefusalWriter.ComeBackAfter(visit.Context.Response, unavailable.RetryAfter ?? Refusal.ComeBack);
                return visit.FailAsync(StatusCodes.Status503ServiceUnavailable, "temporarily_unavailable", "The authorization server gave no answer; begin anew if the code is used up.");
            case RelayedAnswer.Unsound:
                return visit.FailAsync(StatusCodes.Status502BadGateway, "server_error", "The authorization server's answer is none of a token endpoint.");
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>What is passed on; or the error of the first part that is not as it must be.</summary>
    private static (List<KeyValuePair<string, string>>? Form, string? Error, string? Description) Read(ClientFront front, FrontParameters parameters)
    {
        var grant = parameters["grant_type"];
        if (grant is not ("authorization_code" or "refresh_token"))
        {
            return (null, grant is null ? "invalid_request" : "unsupported_grant_type", "grant_type must be authorization_code or refresh_token.");
        }

        if (parameters["client_id"] != front.ClientId)
        {
            return (null, "invalid_client", "client_id must be the one that registration gives out here.");
        }

        List<KeyValuePair<string, string>> form = [new("grant_type", grant), new("client_id", front.ClientId)];
        if (grant == "refresh_token")
        {
            if (parameters["refresh_token"] is not { } refresh)
            {
                return (null, "invalid_request", "refresh_token is missing.");
            }

            form.Add(new("refresh_token", refresh));
            return (form, null, null);
        }

        if (parameters["code"] is not { } code)
        {
            return (null, "invalid_request", "code is missing.");
        }

        if (parameters["redirect_uri"] is not { } redirectUri || !front.RedirectUris.Lists(redirectUri))
        {
            return (null, "invalid_grant", "redirect_uri is missing, or not one that the operator of this gateway has listed (RedirectUris).");
        }

        if (parameters["code_verifier"] is not { Length: >= ShortestVerifier and <= LongestVerifier } verifier || !verifier.All(IsUnreserved))
        {
            return (null, "invalid_request", "code_verifier must be there, of 43 to 128 unreserved characters (RFC 7636).");
        }

        form.Add(new("code", code));
        form.Add(new("redirect_uri", redirectUri));
        form.Add(new("code_verifier", verifier));
        return (form, null, null);
    }

    private static bool IsUnreserved(char character) => char.IsAsciiLetterOrDigit(character) || character is '-' or '.' or '_' or '~';
}
