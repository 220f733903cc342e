using System.CommandLine;
using Gateway.Configuration;

namespace Gateway.Commands;

/// <summary><c>schema</c>: the JSON Schema of gateway.json, for editors.</summary>
internal static class SchemaCommand
{
    public static Command Create(TextWriter output)
    {
        var command = new Command("schema", "Prints the JSON Schema of gateway.json; gateway.schema.json is its output.");
        command.SetAction(_ =>
        {
            output.Write(ConfigurationSchema.Text());
            return 0;
        });
        return command;
    }
}
