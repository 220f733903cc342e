namespace Gateway.Pages;

/// <summary>The frame of every page that the gateway writes: no script, one style sheet, nothing from elsewhere.</summary>
internal static class HtmlDocument
{
    /// <summary>A whole page.</summary>
    /// <param name="title">What a browser calls it.</param>
    /// <param name="style">The address of the style sheet.</param>
    /// <param name="body">The element <c>body</c>.</param>
    /// <param name="refresh">Seconds until the browser asks for it again; 0 for never.</param>
    public static string Of(string title, string style, Html body, int refresh = 0) => Html.Of($"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        {(refresh > 0 ? Html.Of($"""<meta http-equiv="refresh" content="{refresh}">""") : Html.Empty)}
        <title>{title}</title>
        <link rel="stylesheet" href="{style}">
        <link rel="icon" href="data:,">
        </head>
        {body}
        </html>

        """).ToString();
}
