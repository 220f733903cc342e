using Gateway.Advertise;
using Gateway.Authenticate;
using Gateway.Authorize;
using Gateway.Authorize.Bodies;
using Gateway.Exchange;
using Gateway.Forward;
using Gateway.Observe;
using Gateway.Revoke;
using TokenExchange.Inbound.Proof;

namespace Gateway;

/// <summary>
/// One request on its way through the gateway: its id, its record, and the values that its stages made of it. Each value
/// is made by one stage alone, out of the value before it: <see cref="Admitted"/>, <see cref="Authorized"/>, <see cref="Cleared"/>.
/// </summary>
internal sealed class GatewayRequest(string id, RequestRecord record, TimeProvider clock)
{
    private long waitingSince;

    /// <summary>The id that client, operator and MCP server see.</summary>
    public string Id { get; } = id;

    /// <summary>The audit event in the making.</summary>
    public RequestRecord Record { get; } = record;

    public TimeProvider Clock { get; } = clock;

    /// <summary>The server of the matched route, with all settings of its generation.</summary>
    public McpServer? Server { get; set; }

    /// <summary>The proof that came with the token; null for a bearer token. Good only once it is redeemed.</summary>
    public DPoPProof? Proof { get; set; }

    /// <summary>The request as the MCP server may see it; null until every stage has let it pass.</summary>
    public Cleared? Cleared { get; set; }

    /// <summary>What goes on in place of the inbound token, and is to stand in no text; empty before it is there.</summary>
    public ReadOnlyMemory<char> OutboundSecret => Cleared is { } cleared ? cleared.Credential.Secret : default;

    /// <summary>The JSON-RPC id of the request, byte for byte; empty when there is none to answer to.</summary>
    public ReadOnlyMemory<byte> MessageId { get; set; }

    /// <summary>What the request holds of the budget for bodies; a field, since it changes in place.</summary>
    public BodyHold Held;

    /// <summary>The body, read whole, until it is part of what is asked.</summary>
    public RequestBody? Body { get; set; }

    /// <summary>Whether the configuration changed while the body came, so that the request is judged once more, whole.</summary>
    public bool JudgeAgain { get; set; }

    /// <summary>What came of the last attempt to send it, as the transforms of request and answer found it.</summary>
    public Attempt Attempt { get; set; }

    /// <summary>Whether any of it was written to an MCP server.</summary>
    public bool IsWritten { get; set; }

    /// <summary>What the answer carries besides, in the HTTP+SSE transport; null for any other.</summary>
    public AnswerChannel? Channel { get; set; }

    /// <summary>The stream that owes this request its answer.</summary>
    public AnswerChannel? Owing { get; set; }

    /// <summary>Ends the answer when its time has come; null for one that was there at once.</summary>
    public StreamLease? Stream { get; set; }

    /// <summary>Whether the audit was told.</summary>
    public bool Told { get; set; }

    /// <summary>Forgets what was found out, but for the body, which has come and does not come again.</summary>
    public void StartOver()
    {
        JudgeAgain = false;
        Server = null;
        Proof = null;
        Record.Server = null;
        Record.Resource = null;
    }

    public static GatewayRequest Of(HttpContext context) => context.Features.Get<GatewayRequest>()!;

    /// <summary>From now on the MCP server is waited for, until <see cref="EndWait"/>.</summary>
    public void BeginWait() => waitingSince = Clock.GetTimestamp();

    /// <summary>Counts the time since <see cref="BeginWait"/>, if any, as the MCP server's.</summary>
    public void EndWait()
    {
        if (waitingSince != 0)
        {
            Record.McpServerTime += Clock.GetElapsedTime(waitingSince);
            waitingSince = 0;
        }
    }

    /// <summary>Notes the refusal for the audit.</summary>
    public void Refuse(Refused refused)
    {
        Record.Refuse(refused.Kind.Status, refused.Kind.Reason, refused.Kind.Category, refused.Detail);
    }
}
