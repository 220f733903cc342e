using Gateway.Authorize;
using Gateway.Authorize.Policy;
using Gateway.Exchange;
using Gateway.Revoke;

namespace Gateway.Forward;

/// <summary>What hides from one caller the entries of lists that it could not ask for.</summary>
/// <param name="Tools">By the server's rules; null: they hide nothing.</param>
/// <param name="Policy">By what a decision point says; null: none is asked.</param>
internal sealed record ListFilters(ToolListFilter? Tools, PolicyListFilter? Policy)
{
    /// <summary>Whether the answer to a request may be, or carry, a list that is to be filtered.</summary>
    public static bool Applies(string httpMethod, Authorized authorized) => HidesTools(httpMethod, authorized) || AsksPolicy(httpMethod, authorized);

    /// <summary>The filters of the answer to a request; null where there is nothing to hide.</summary>
    public static ListFilters? Of(string httpMethod, GatewayRequest request, Cleared cleared) =>
        Applies(httpMethod, cleared.Authorized)
            ? Of(ListReader.Of(request, cleared), HidesTools(httpMethod, cleared.Authorized), AsksPolicy(httpMethod, cleared.Authorized))
            : null;

    /// <summary>The filters of lists for whoever asks for them; null where there is nothing to hide.</summary>
    public static ListFilters? Of(ListReader reader) =>
        Hides(reader.Server) || Asks(reader.Server) ? Of(reader, Hides(reader.Server), Asks(reader.Server)) : null;

    private static ListFilters Of(ListReader reader, bool hidesTools, bool asksPolicy)
    {
        var operations = reader.Server.Operations;
        return new ListFilters(
            hidesTools ? new ToolListFilter(operations.Rules, reader.EffectiveScopes) : null,
            asksPolicy ? new PolicyListFilter(operations.Policy!, reader.Token, reader.RequestId) : null);
    }

    /// <summary>A list may come as the answer to its request, or on a stream that carries or resumes answers.</summary>
    private static bool HidesTools(string httpMethod, Authorized authorized) =>
        Hides(authorized.Server) && (httpMethod == "GET" || authorized.Operation.Method == "tools/list");

    private static bool AsksPolicy(string httpMethod, Authorized authorized) =>
        Asks(authorized.Server) && (httpMethod == "GET" || PolicyQuestion.IsList(authorized.Operation));

    private static bool Hides(McpServer server) => server.Relay.FilterLists && !server.Operations.Rules.Open;

    private static bool Asks(McpServer server) => server.Operations.Policy is { Settings.FilterLists: true };
}
