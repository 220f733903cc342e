using Deputy.Attacks;
using Deputy.Staging;

namespace Deputy.Reports;

/// <summary>What any gateway must be configured with to be attacked, and every case.</summary>
internal static class DescribeReport
{
    private const string Setup = """
        A target is one JSON file:

          name, about, source   for the report
          build                 commands to run before, each a list of words (may be left out)
          files                 { "name in the working directory": "template beside the JSON file" }
          start                 the command, or a list of commands, that serve
          environment           variables for them
          ready                 an address that answers below 500 once it serves
          capabilities          what it is able to do, from the list below

        In all of them these are replaced:

          ${port}               the loopback port on which clients call; ${port:NAME}: a further free port
          ${public-url}         https://mcp.deputy.test: the origin by which clients know the gateway. Nothing listens there
          ${resource:SERVER}    https://mcp.deputy.test/SERVER: what a token for that server has as aud
          ${mcp:SERVER}         the MCP server behind, as http://127.0.0.1:PORT (mcp-host: without http://)
          ${inner:SERVER}       https://SERVER.internal/mcp: its identifier, for which hop tokens are made
          ${issuer:NAME}        an issuer, http://127.0.0.1:PORT: metadata (RFC 8414 and OpenID), /jwks, /token, /introspect
          ${public-key:NAME}    a file with its public key as PEM; ${jwks-file:NAME}: with its key set
          ${client-id} ${client-secret}   the gateway as a client there (client_secret_basic)
          ${policy}             the kit's policy decision point (AuthZEN); ${new-key}: a private key as PEM, made at each start
          ${public-host} ${issuer-host:NAME}   the same without a scheme
          $${x}                 stands for ${x} itself
          ${directory} ${target} ${repository} ${kit}   the working directory; that of TARGET.json; of the sources; of this program

        Every gateway needs: two servers, /alpha and /beta, each of which takes tokens (at+jwt, ES256) of issuer corp with
        exactly its own resource as aud, and passes POST, GET and DELETE on to its MCP server. Tokens are good for ten minutes and carry
        sub, client_id, scope, iat, exp, jti. Requests have a User-Agent by which the kit knows them again; JSON-RPC ids, too.

        Capabilities:
        """;

    public static void Write(TextWriter output)
    {
        output.WriteLine(Setup);
        foreach (var (name, meaning) in Capabilities.All)
        {
            output.WriteLine($"  {name,-20} {meaning}");
        }

        output.WriteLine();
        output.WriteLine($"{Catalogue.All.Count} cases:");
        foreach (var one in Catalogue.All)
        {
            var needs = one.Needs.Count > 0 ? $" [needs {string.Join(", ", one.Needs)}]" : "";
            var unless = one.Unless.Count > 0 ? $" [unless {string.Join(", ", one.Unless)}]" : "";
            output.WriteLine($"  {one.Id}: {one.Claim} ({one.Source}){needs}{unless}");
        }
    }
}
