using System.Collections.Immutable;
using System.Text.Json;
using Gateway.Advertise;

namespace Gateway.Authorize;

/// <summary>The <c>ref</c> of <c>completion/complete</c>: a prompt by its name, or a resource by its URI or a template of one.</summary>
internal struct OperationReference
{
    private static readonly string[] Members = ["type"];
    private JsonTokenType form;
    private OperationMessage.Text type;
    private OperationMessage.Text name;
    private OperationMessage.Text uri;

    public readonly bool IsUri => uri.IsGiven;

    /// <summary>What is referred to; null without a reference.</summary>
    public readonly string? Value => IsUri ? uri.Value : name.Value;

    /// <summary>A reference must be the one of its type and no other: readers ask for the type, or for what is there.</summary>
    public readonly Refusal? Fault => (form, type.Value) switch
    {
        (JsonTokenType.None, _) => null,
        (JsonTokenType.StartObject, "ref/prompt") when name.Value is not null && !uri.IsGiven => null,
        (JsonTokenType.StartObject, "ref/resource") when uri.Value is not null && !name.IsGiven => null,
        _ => BodyRefusal.Reference,
    };

    public void Read(ref Utf8JsonReader reader, ref Refusal? fault)
    {
        form = reader.TokenType;
        if (form != JsonTokenType.StartObject)
        {
            return;
        }

        var members = new MemberNames(Members);
        while (members.Next(ref reader, ref fault, out var member))
        {
            switch (member)
            {
                case "type":
                    type.Read(ref reader, ref fault);
                    break;
                case "name":
                    name.Read(ref reader, ref fault);
                    break;
                case "uri":
                    uri.Read(ref reader, ref fault);
                    break;
            }

            reader.Skip();
        }
    }
}

/// <summary>The <c>notifications.resourceSubscriptions</c> of <c>subscriptions/listen</c>. Only that method asks for the faults in it.</summary>
internal struct OperationSubscriptions
{
    private const string Notifications = "notifications";
    private const string Resources = "resourceSubscriptions";
    private static readonly string[] Members = [Resources];
    private ImmutableArray<string>.Builder? uris;
    private Refusal? fault;

    public readonly ImmutableArray<string> Uris => uris?.ToImmutable() ?? [];

    public readonly Refusal? Fault => fault;

    /// <summary>Reads the member of <c>params</c> when it is the one, or would be for a reader that folds case.</summary>
    public void ReadIfNamed(string member, ref Utf8JsonReader reader)
    {
        if (!member.Equals(Notifications, StringComparison.OrdinalIgnoreCase) && MemberNames.Fold(member) != Notifications)
        {
            return;
        }

        if (member != Notifications || reader.TokenType != JsonTokenType.StartObject)
        {
            fault ??= member == Notifications ? BodyRefusal.Subscriptions : BodyRefusal.Misspelt;
            return;
        }

        var members = new MemberNames(Members);
        while (members.Next(ref reader, ref fault, out var inner))
        {
            if (inner == Resources)
            {
                ReadUris(ref reader);
            }

            reader.Skip();
        }
    }

    private void ReadUris(ref Utf8JsonReader reader)
    {
        uris = ImmutableArray.CreateBuilder<string>();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            fault ??= reader.TokenType == JsonTokenType.Null ? null : BodyRefusal.Subscriptions;
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var uri = default(OperationMessage.Text);
            uri.Read(ref reader, ref fault);
            fault ??= uri.Value is null ? BodyRefusal.Subscriptions : null;
            if (uri.Value is not null)
            {
                uris.Add(uri.Value);
            }

            reader.Skip();
        }
    }
}
