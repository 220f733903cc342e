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

/// <summary>The <c>notifications</c> of <c>subscriptions/listen</c> that name what they tell of. Only that method asks for the faults in it.</summary>
/// <remarks>MCP 2026-07-28, subscriptions; tasks extension, where each notification is what <c>tasks/get</c> would answer.</remarks>
internal struct OperationSubscriptions
{
    private const string Notifications = "notifications";
    private const string Resources = "resourceSubscriptions";
    private const string Tasks = "taskIds";
    private static readonly string[] Members = [Resources, Tasks];
    private ImmutableArray<OperationSubscription>.Builder? all;
    private Refusal? fault;

    public readonly ImmutableArray<OperationSubscription> All => all?.ToImmutable() ?? [];

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
            if (inner is Resources or Tasks)
            {
                ReadNames(ref reader, inner == Resources ? OperationNames.Subscribe : OperationNames.TaskGet);
            }

            reader.Skip();
        }
    }

    private void ReadNames(ref Utf8JsonReader reader, string method)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            fault ??= reader.TokenType == JsonTokenType.Null ? null : BodyRefusal.Subscriptions;
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var name = default(OperationMessage.Text);
            name.Read(ref reader, ref fault);
            fault ??= name.Value is null ? BodyRefusal.Subscriptions : null;
            if (name.Value is not null)
            {
                (all ??= ImmutableArray.CreateBuilder<OperationSubscription>()).Add(new OperationSubscription(method, name.Value));
            }

            reader.Skip();
        }
    }
}
