using System.CommandLine;
using System.CommandLine.Parsing;
using Gateway.Configuration;
using Gateway.Configuration.Read;

namespace Gateway.Commands;

/// <summary>
/// The commands of the executable. Options that name a key of gateway.json (<c>--Gateway:PublicUrl</c>) are taken out
/// first; what is left is parsed strictly, so that a misspelt option is an error and not ignored.
/// </summary>
internal sealed class CommandLine(TextWriter output, TextWriter errors)
{
    /// <summary>Whether the process is there for this command alone, which may then settle what holds for all of it.</summary>
    public bool OwnsProcess { get; init; }

    /// <summary>Standard input, for whoever names it.</summary>
    public TextReader Input { get; init; } = Console.In;

    private static readonly string[] HelpAndVersion = ["--help", "-h", "-?", "/?", "/h", "--version"];

    /// <summary>Runs a command; <c>run</c> when none is named. Returns the exit code, never throws for what was typed.</summary>
    public async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        if (!TakeOverrides(arguments, out var rest, out var overrides))
        {
            return 1;
        }

        if (rest.Count == 0 || (rest[0].StartsWith('-') && !HelpAndVersion.Contains(rest[0])))
        {
            rest.Insert(0, "run");
        }

        var root = new RootCommand("A gateway for MCP servers: validates that a token was meant for the server, exchanges it, forwards with the new one alone.")
        {
            RunCommand.Create(output, errors, overrides, OwnsProcess),
            CheckCommand.Create(output, overrides),
            ProveCommand.Create(output, overrides),
            SchemaCommand.Create(output),
            KeysCommand.Create(output, errors),
            new ExplainCommand(Input, output, errors, overrides).Create(),
            new DoctorCommand(Input, output, errors, overrides).Create(),
            HealthCommand.Create(output, errors),
            RevokeCommand.Create(output, errors, overrides),
            BridgeCommand.Create(errors),
        };
        root.Description += "\n\nWithout a command, 'run'. Keys of gateway.json are overridden with --Gateway:…, --Kestrel:…, --Logging:…";
        var parsed = root.Parse(rest, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            Explain(parsed);
            return 1;
        }

        if (overrides.Count > 0 && parsed.CommandResult.Command.Name is not ("run" or "check" or "prove" or "explain" or "doctor" or "revoke" or "list" or "undo"))
        {
            errors.WriteLine($"{overrides[0].Split('=')[0]}: '{parsed.CommandResult.Command.Name}' reads no configuration.");
            return 1;
        }

        return await parsed.InvokeAsync(new InvocationConfiguration
        {
            Output = output,
            Error = errors,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        });
    }

    /// <summary>An option that takes one of a few values, the first by default; another is named, with its option.</summary>
    public static Option<string> OneOf(string name, string description, params string[] values)
    {
        var option = new Option<string>(name) { Description = description, HelpName = string.Join('|', values), DefaultValueFactory = _ => values[0] };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !values.Contains(token.Value))
            {
                result.AddError($"{name} is '{token.Value}'; write one of {string.Join(", ", values)}.");
            }
        });
        option.CompletionSources.Add(values);
        return option;
    }

    /// <summary>Parts the overrides, with their values, from everything else.</summary>
    private bool TakeOverrides(IReadOnlyList<string> arguments, out List<string> rest, out List<string> overrides)
    {
        (rest, overrides) = ([], []);
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            if (argument == "--")
            {
                // What follows is another program's.
                rest.AddRange(arguments.Skip(i));
                return true;
            }

            if (GivenOption.At(arguments, i) is not { } option || !ConfigurationOverride.IsOurs(option.Name))
            {
                rest.Add(argument);
            }
            else if (option.Value is not null)
            {
                overrides.Add($"--{option.Name}={option.Value}");
                i += option.Words - 1;
            }
            else
            {
                errors.WriteLine($"{argument}: the value is missing; write {argument}=value.");
                return false;
            }
        }

        return true;
    }

    /// <summary>Names what was not understood and the nearest thing that would be.</summary>
    private void Explain(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        foreach (var token in parsed.UnmatchedTokens)
        {
            if (parsed.RootCommandResult.Command.Subcommands.Any(known => known.Name == token))
            {
                errors.WriteLine($"'{token}' is a command, and comes first: gateway {token} ….");
                continue;
            }

            var name = token.Split('=')[0];
            var known = name.StartsWith('-')
                ? command.Options.Select(option => option.Name).Concat(["--Gateway:", "--Kestrel:", "--Logging:"])
                : command.Subcommands.Select(subcommand => subcommand.Name);
            var section = name.IndexOf(':', StringComparison.Ordinal);
            var nearest = NearestName.Of(section < 0 ? name : name[..(section + 1)], known);
            errors.WriteLine($"'{name}' is not {(name.StartsWith('-') ? "an option" : "a command")} here{(nearest is null ? "; see --help." : $"; did you mean '{nearest}'?")}");
        }

        foreach (var error in parsed.UnmatchedTokens.Count > 0 ? [] : parsed.Errors)
        {
            errors.WriteLine(command is { Action: null, Subcommands: [var first, ..] } ? $"'{command.Name}' needs a command: {string.Join(", ", command.Subcommands.Select(known => known.Name))}, such as 'gateway {command.Name} {first.Name}'."
                : error.SymbolResult is ArgumentResult { Tokens: [], Argument: var missing } ? $"'{command.Name}' needs <{missing.Name}>. {missing.Description}" : error.Message);
        }
    }
}
