using Gateway.Advertise;
using Gateway.Authorize.Bodies;
using Gateway.Authorize.Policy;

namespace Gateway.Authorize;

/// <summary>
/// What a request asks for: the operation in its body, which its headers do not contradict. Refuses whatever the gateway and
/// the MCP server could read as two different operations.
/// </summary>
/// <param name="Verb">The HTTP method.</param>
/// <param name="Operation">The operation; none without a body.</param>
/// <param name="Body">The request body, read whole; null without one.</param>
/// <param name="PolicyParameters">What a policy judges the message by besides; nothing where none is asked.</param>
internal readonly record struct Asked(string Verb, Operation Operation, RequestBody? Body, PolicyParameters PolicyParameters)
{
    /// <summary>The bytes of the body; empty without one.</summary>
    public ReadOnlyMemory<byte> Message => Body?.Memory ?? default;

    /// <summary>Reads what is asked, in the body that was read; null when there is nothing to refuse.</summary>
    public static Refused? Read(HttpRequest http, GatewayRequest request, McpServer server, out Asked asked)
    {
        asked = new Asked(http.Method, Operation.None, request.Body, PolicyParameters.None);
        if (request.Body is not { } body)
        {
            return null;
        }

        var operation = OperationReader.Read(body.Bytes, out var refusal, out var id);
        request.MessageId = body.Memory[id];
        if (operation is null)
        {
            return refusal;
        }

        if (operation.Method is { } method)
        {
            request.Record.Method = method;
        }

        request.Record.Operation = operation.Name;
        var policy = server.Operations;
        if (policy.Rules.AreMistakable(operation))
        {
            return BodyRefusal.UriForm;
        }

        if (policy.Rules.LacksName(operation))
        {
            return BodyRefusal.NameMissing;
        }

        Refusal? fault = null;
        asked = asked with
        {
            Operation = operation,
            PolicyParameters = policy.Policy?.Read(operation, body.Memory, out fault) ?? PolicyParameters.None,
        };
        return fault is not null ? fault
            : McpHeaders.Agree(http.Headers, operation, server.Transport) ? null
            : Refusal.HeaderMismatch;
    }
}
