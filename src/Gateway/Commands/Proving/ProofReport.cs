using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Gateway.Configuration;
using Gateway.Configuration.Options;
using TokenExchange.AspNetCore.Http;

namespace Gateway.Commands.Proving;

/// <summary>A proof for people and for pipelines.</summary>
internal sealed class ProofReport(string path, LoadedConfiguration loaded, Proof? proof)
{
    /// <summary>Whether nothing was found that must not be.</summary>
    public bool Holds => proof is not null && !loaded.HasErrors && proof.Failures.IsEmpty;

    public string ToText()
    {
        var text = new StringBuilder();
        foreach (var way in proof?.Ways ?? [])
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{way.Server}: iss={way.Issuer} aud={way.Audience}{Beside(way)} client={List(way.Clients, "any")} scope={List(way.RequiredScopes, "(none needed)")}");
            text.AppendLine(CultureInfo.InvariantCulture, $"  -> {List(way.McpServer, "(nowhere)")} {Outbound(way)}");
        }

        foreach (var problem in loaded.Problems.Where(problem => !problem.IsWarning))
        {
            text.AppendLine("FAIL  " + ConfigurationReport.Line(path, problem));
        }

        foreach (var failure in proof?.Failures ?? [])
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"FAIL  {failure.Kind}: {string.Join(", ", failure.Servers)}: {failure.Message}");
            foreach (var token in failure.Tokens)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"      at {token.Server}: iss={token.Issuer} sub={token.Subject} aud={string.Join(' ', token.Audiences)}: {token.Outcome}");
            }
        }

        foreach (var note in proof?.Notes ?? [])
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"note  {note.Kind}: {note.Server}: {note.Message}");
        }

        text.AppendLine(Holds ? $"holds: {proof!.Ways.Length} ways, none of which can be taken for another" : "does not hold");
        return Printable(text.ToString());
    }

    public string ToJson() => ReadableJson.ObjectOf(json =>
    {
        json.WriteString("path", path);
        json.WriteBoolean("readable", !loaded.Unreadable);
        json.WriteBoolean("holds", Holds);
        json.WriteObjects("ways", proof?.Ways ?? [], way => Write(json, way));
        WriteFailures(json);
        json.WriteObjects("notes", proof?.Notes ?? [], note =>
        {
            json.WriteString("kind", note.Kind);
            json.WriteString("server", note.Server);
            json.WriteString("message", note.Message);
        });
    });

    /// <summary>What keeps it from holding, in one list: errors of the configuration, then what the proof found.</summary>
    private void WriteFailures(Utf8JsonWriter json)
    {
        json.WriteStartArray("failures");
        foreach (var problem in loaded.Problems.Where(problem => !problem.IsWarning))
        {
            json.WriteStartObject();
            json.WriteString("kind", "configuration");
            json.WriteString("rule", problem.Rule);
            json.WriteString("key", problem.Key);
            json.WriteString("message", problem.Message);
            json.WriteEndObject();
        }

        foreach (var failure in proof?.Failures ?? [])
        {
            json.WriteStartObject();
            json.WriteString("kind", failure.Kind);
            Write(json, "servers", failure.Servers);
            json.WriteString("message", failure.Message);
            json.WriteObjects("tokens", failure.Tokens, token =>
            {
                json.WriteString("server", token.Server);
                json.WriteString("iss", token.Issuer);
                json.WriteString("sub", token.Subject);
                Write(json, "aud", token.Audiences);
                json.WriteString("outcome", token.Outcome);
            });
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, Way way)
    {
        json.WriteString("server", way.Server);
        json.WriteStartObject("inbound");
        json.WriteString("authorization_server", way.AuthorizationServer);
        json.WriteString("issuer", way.Issuer);
        json.WriteString("audience", way.Audience);
        Write(json, "beside", way.Beside);
        Write(json, "clients", way.Clients);
        Write(json, "required_scopes", way.RequiredScopes);
        json.WriteEndObject();
        json.WriteStartObject("outbound");
        json.WriteString("mode", ModeOf(way.Mode));
        Write(json, "mcp_server", way.McpServer);
        json.WriteString("issuer", way.OutboundIssuer);
        Write(json, "audiences", way.OutboundAudiences);
        Write(json, "scopes_at_most", way.OutboundScopes);
        WriteSeconds(json, "lifetime_at_most", way.Lifetime);
        WriteSeconds(json, "outlives_at_most", way.Outlives);
        json.WriteString("actor", way.Actor);
        json.WriteEndObject();
    }

    private static void WriteSeconds(Utf8JsonWriter json, string name, TimeSpan? value)
    {
        if (value is { } time)
        {
            json.WriteNumber(name, (long)time.TotalSeconds);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static void Write(Utf8JsonWriter json, string name, ImmutableArray<string>? values)
    {
        if (values is { } items)
        {
            json.WriteStrings(name, items);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static string Beside(Way way) => way.Beside is not { } beside ? " (and any other)" : beside.IsEmpty ? "" : $" (beside it at most {string.Join(' ', beside)})";

    private static string Outbound(Way way) => way.Mode switch
    {
        OutboundMode.None => "no credential",
        OutboundMode.Credential => "a static credential",
        _ => string.Create(CultureInfo.InvariantCulture, $"iss={way.OutboundIssuer} aud={List(way.OutboundAudiences, "(none)")} scope<={List(way.OutboundScopes, "(none)", "the inbound token's")} life<={way.Lifetime:c}, past its end<={way.Outlives:c} act={way.Actor ?? "(none)"} ({ModeOf(way.Mode)})"),
    };

    private static string List(ImmutableArray<string>? values, string none, string? all = null) => values is not { } items ? all ?? none : items.IsEmpty ? none : string.Join(' ', items);

    private static string ModeOf(OutboundMode mode) => mode == OutboundMode.SameToken ? "same-token" : mode.ToString().ToLowerInvariant();

    /// <summary>Names in a configuration may hold anything; a terminal must not obey them.</summary>
    private static string Printable(string text) => string.Concat(text.Select(character => char.IsControl(character) && character is not ('\n' or '\r') ? '?' : character));
}
