namespace Gateway.Configuration.Options;

/// <summary>A value that an editor offers for a key: a text as it stands, a list or an object as JSON.</summary>
[AttributeUsage(AttributeTargets.Property, AllowMultiple = true)]
internal sealed class ExampleAttribute(string text) : Attribute
{
    public string Text => text;
}
