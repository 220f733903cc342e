using System.CommandLine;
using System.Globalization;
using Gateway.Configuration;
using Gateway.Observe;
using Gateway.Revoke.Shared;
using TokenExchange.Inbound.Revocation;

namespace Gateway.Commands;

/// <summary>
/// <c>revoke</c>: writes a revocation to the shared state, where every replica finds it within a second. <c>revoke list</c>
/// shows what is in force there, <c>revoke undo</c> takes one back.
/// </summary>
internal static class RevokeCommand
{
    public static Command Create(TextWriter output, TextWriter errors, IReadOnlyList<string> overrides)
    {
        (Option<string?> Option, RevocationSelector Selector)[] selectors =
        [
            (new("--subject") { Description = "Tokens of this subject (sub) issued until now.", HelpName = "sub" }, RevocationSelector.Subject),
            (new("--token-id") { Description = "The token with this id (jti).", HelpName = "jti" }, RevocationSelector.TokenId),
            (new("--client") { Description = "Tokens of this client (client_id, azp, appid or cid) issued until now.", HelpName = "id" }, RevocationSelector.Client),
            (new("--session") { Description = "Tokens of this session (sid) issued until now.", HelpName = "sid" }, RevocationSelector.Session),
        ];
        var issuer = new Option<string?>("--issuer") { Description = "The authorization server, by name or issuer; needed where several are inbound.", HelpName = "issuer" };
        var reason = new Option<string?>("--reason") { Description = $"Why, for 'revoke list'; at most {Revocation.LongestReason} characters.", HelpName = "text" };
        var options = new HostOptions();
        var command = new Command("revoke", "Revokes tokens before their time, at all replicas. Needs SharedState. Exits 0 when it is written, 1 otherwise.");
        foreach (var (option, _) in selectors)
        {
            command.Options.Add(option);
        }

        command.Options.Add(issuer);
        command.Options.Add(reason);
        options.AddTo(command);
        command.SetAction(async (parsed, _) =>
        {
            var given = selectors.Where(selector => parsed.GetValue(selector.Option) is not null).ToArray();
            var wrong = given.Length != 1 ? $"Name exactly one of {string.Join(", ", selectors.Select(known => known.Option.Name))}."
                : parsed.GetValue(given[0].Option) is "" ? $"{given[0].Option.Name} is empty."
                : parsed.GetValue(reason) is { Length: > Revocation.LongestReason } ? $"--reason is longer than {Revocation.LongestReason} characters."
                : null;
            if (wrong is not null)
            {
                await errors.WriteLineAsync(wrong);
                return 1;
            }

            return await RunAsync(parsed, options, overrides, errors, async state =>
            {
                if (state.IssuerOf(parsed.GetValue(issuer), errors) is not { } server)
                {
                    return 1;
                }

                var revocation = await state.RevokeAsync(given[0].Selector, server, parsed.GetValue(given[0].Option)!, parsed.GetValue(reason));
                await output.WriteLineAsync($"{RevocationRecord.IdOf(revocation)}  revoked until {Time(revocation.Until)}");
                try
                {
                    TellIgnored((await state.InForceAsync()).Ignored, errors);
                }
                catch (StateException)
                {
                    // It is written.
                }

                return 0;
            });
        });
        command.Add(List(output, errors, overrides));
        command.Add(Undo(output, errors, overrides));
        return command;
    }

    private static Command List(TextWriter output, TextWriter errors, IReadOnlyList<string> overrides)
    {
        var options = new HostOptions();
        var command = new Command("list", "Shows the revocations that are in force; names stand there as digests.");
        options.AddTo(command);
        command.SetAction((parsed, _) => RunAsync(parsed, options, overrides, errors, async state =>
        {
            var (revocations, ignored) = await state.InForceAsync();
            foreach (var revocation in revocations.OrderBy(revocation => revocation.IssuedUntil).ThenBy(revocation => revocation.Id))
            {
                output.WriteLine(string.Join("  ",
                    RevocationRecord.IdOf(revocation), Time(revocation.IssuedUntil), $"until {Time(revocation.Until)}", RevocationRecord.NameOf(revocation.Source),
                    state.LabelOf(revocation), RevocationRecord.NameOf(revocation.Selector), revocation.Digest, Shown.Visible(state.ReasonOf(revocation) ?? "")).TrimEnd());
            }

            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{revocations.Count} in force"));
            TellIgnored(ignored, errors);
            return 0;
        }));
        return command;
    }

    private static Command Undo(TextWriter output, TextWriter errors, IReadOnlyList<string> overrides)
    {
        var id = new Argument<string>("id") { Description = "The id that 'revoke' and 'revoke list' print." };
        var options = new HostOptions();
        var command = new Command("undo", "Takes a revocation back.") { id };
        options.AddTo(command);
        command.SetAction((parsed, _) => RunAsync(parsed, options, overrides, errors, async state =>
        {
            var problem = ulong.TryParse(parsed.GetValue(id), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) ? await state.UndoAsync(number) : RevocationDesk.NotInForce;
            if (problem is not null)
            {
                errors.WriteLine(problem);
                return 1;
            }

            output.WriteLine("taken back");
            return 0;
        }));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, HostOptions host, IReadOnlyList<string> overrides, TextWriter errors, Func<RevocationDesk, Task<int>> act)
    {
        var path = host.PathOf(parsed);
        var loaded = ConfigurationLoader.Load(ConfigurationInput.Of(path, host.ArgumentsOf(parsed, overrides), filesMustExist: false) with { IsInboundOnly = true });
        if (loaded.HasErrors || loaded.Options is not { } options)
        {
            await errors.WriteLineAsync(new ConfigurationReport(path, loaded).Errors());
            return 1;
        }

        if (options.SharedState?.Redis is null)
        {
            await errors.WriteLineAsync("The configuration has no SharedState: a revocation would be written where no replica looks for it. Write Gateway:SharedState:Redis, and SessionKeyFile, in the configuration of all replicas and of this command (docs/revocation.md); without it, revoke at the authorization server, and have the gateway hear of it there by BackchannelLogout or Introspection.");
            return 1;
        }

        try
        {
            await using var desk = new RevocationDesk(options, TimeProvider.System);
            await desk.ConnectAsync();
            return await act(desk);
        }
        catch (ConfigurationException unusable)
        {
            await errors.WriteLineAsync(unusable.Message);
            return 1;
        }
        catch (StateException failure)
        {
            await errors.WriteLineAsync($"The shared state cannot be asked ({failure.Message}); 'doctor' says more.");
            return 1;
        }
    }

    private static void TellIgnored(int entries, TextWriter errors)
    {
        if (entries > 0)
        {
            errors.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{entries} entries there were made with none of the keys of SessionKeyFile, and are ignored. If the replicas made them, their SessionKeyFile is another than here, and they hear of nothing that is revoked from here."));
        }
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
