using Gateway.Advertise;
using Gateway.Authenticate;
using Gateway.Sessions;
using Microsoft.Extensions.Primitives;

namespace Gateway.Authorize;

/// <summary>Opens the session that a client presents. Refuses one that is not the caller's own.</summary>
internal static class PresentedSession
{
    /// <summary>Null when the request may go on; then <paramref name="session"/> is the caller's own, if it needs one.</summary>
    public static Refused? Refusal(HttpRequest request, Admitted admitted, Operation operation, out BoundSession? session)
    {
        session = null;
        return admitted.Server.Transport == McpTransport.HttpSse ? OfQuery(request, admitted, ref session) : OfHeader(request, admitted, operation, ref session);
    }

    /// <summary>Whatever revision a header claims: the HTTP+SSE transport has sessions, and a message without one is nobody's.</summary>
    private static Refused? OfQuery(HttpRequest request, Admitted admitted, ref BoundSession? session)
    {
        var presented = SseEndpoint.SessionOf(request.Query, request.QueryString.Value).Value;
        if (request.Method == "GET")
        {
            return presented.Length == 0 ? null : Open(presented, admitted, ref session);
        }

        if (!SseEndpoint.IsBoundAsAWhole(request, admitted.Server, admitted.Token, out var whole))
        {
            return Open(presented, admitted, ref session);
        }

        session = whole;
        return whole is { } own && LeadsSomewhere(own, admitted.Server) ? null : Advertise.Refusal.SessionNotYours;
    }

    /// <summary>A revision without sessions ignores one that is nobody's, and an unknown revision may have them.</summary>
    private static Refused? OfHeader(HttpRequest request, Admitted admitted, Operation operation, ref BoundSession? session)
    {
        var presented = request.Headers[SessionPolicy.Header];
        var optional = McpHeaders.IsModern(request.Headers, operation);
        if (presented.Count == 0 || (optional && McpHeaders.IsKnown(request.Headers, operation)))
        {
            return null;
        }

        var refused = Open(presented, admitted, ref session);
        return optional ? null : refused;
    }

    private static Refused? Open(StringValues presented, Admitted admitted, ref BoundSession? session)
    {
        var server = admitted.Server;
        BoundSession own = default;
        if (presented.Count != 1 || !server.Sessions.Binding.TryUnwrap(presented[0]!, server.Resource, admitted.Token, out own) || !LeadsSomewhere(own, server))
        {
            return own.Destination == SseEndpoint.Nowhere ? Advertise.Refusal.EndpointOutside : Advertise.Refusal.SessionNotYours;
        }

        session = own;
        return null;
    }

    private static bool LeadsSomewhere(BoundSession session, McpServer server) => server.Sessions.Destinations.ContainsKey(session.Destination);
}
