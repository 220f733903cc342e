using System.Text;
using Gateway.Authorize;
using Gateway.Bridge;
using Xunit;

namespace Gateway.Tests.Bridge;

/// <summary>The outline of a message says of whose it is what the message says, whatever is within it and however it is cut.</summary>
public sealed class MessageOutlineTests
{
    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":5,"result":{"a":[1,{"id":6}],"b":"\"},\"id\":7,\\"}}""")]
    [InlineData("""{"result":"text","id":5}""")]
    [InlineData("""{"result":[[],[{}]],"id":"a\"b"}""")]
    [InlineData(""" { "error" : { "code" : 1 , "message" : "]}" } , "id" : 5 } """)]
    [InlineData("""{"id":5,"method":"x","params":{"id":6}}""")]
    [InlineData("""{"method":"x","params":[1]}""")]
    [InlineData("""{"id":5,"id":6,"result":{}}""")]
    [InlineData("""{"id":5,"Id":6,"result":{}}""")]
    [InlineData("""{"id":5,"\u0069d":6,"result":{}}""")]
    [InlineData("""{"id":5,"result":{}}{"id":6,"result":{}}""")]
    [InlineData("""{"id":5,"result":{}""")]
    [InlineData("""{"id":5,"result":{}}}""")]
    [InlineData("""}{"id":5,"result":{}""")]
    [InlineData("""{"id":5,"result":"{}}""")]
    [InlineData("{\"id\":5,\"result\":\"\\\"")]
    [InlineData("""{"id":[5],"result":{}}""")]
    [InlineData("""{"id":5,:"result":{}}""")]
    [InlineData("""{"id":5 "result":{}}""")]
    [InlineData("""[{"id":5,"result":{}}]""")]
    [InlineData("5")]
    [InlineData("")]
    public void It_says_what_the_message_says(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        var message = Message.Read(bytes);
        foreach (var size in new[] { 1, 3, bytes.Length + 1 })
        {
            var outline = new MessageOutline();
            foreach (var piece in bytes.Chunk(size))
            {
                outline.Add(piece);
            }

            var read = outline.Read();
            Assert.Equal(message?.Kind, read?.Kind);

            // The text of an id is left out; the bridge's own ids are numbers.
            Assert.Equal(message?.Id.Key is ['s', ..] ? "s" : message?.Id.Key, read?.Id.Key);
        }
    }

    [Fact]
    public void It_holds_little_of_a_large_message_and_gives_up_on_one_that_has_too_many_members()
    {
        var outline = new MessageOutline();
        outline.Add("""{"id":5,"result":{"text":" """u8);
        for (var i = 0; i < 1000; i++)
        {
            outline.Add(new byte[100_000]);
        }

        outline.Add("\"}}"u8);
        Assert.Equal((MessageKind.Response, "n5", true), (outline.Read()!.Kind, outline.Read()!.Id.Key, outline.Read()!.Line.Length < 100));

        var wide = new MessageOutline();
        wide.Add("""{"id":5,"result":{}"""u8);
        for (var i = 0; i < 10_000; i++)
        {
            wide.Add(Encoding.ASCII.GetBytes($",\"member{i}\":1"));
        }

        wide.Add("}"u8);
        Assert.Null(wide.Read());
    }
}
