// A browser without a screen: keeps cookies, follows redirects, and submits the form of a page as its user would.
export class Browser {
  cookies = new Map();
  pages = [];

  /** Opens `start` and goes on until an address begins with `until`, which it answers without opening it. */
  async visit(start, until) {
    let request = { url: new URL(start), method: 'GET' };
    for (let hop = 0; hop < 10; hop += 1) {
      const { url, method, body } = request;
      const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(url, {
        method,
        body,
        redirect: 'manual',
        headers: {
          ...(cookie ? { cookie } : {}),
          ...(body ? { 'content-type': 'application/x-www-form-urlencoded', origin: url.origin, 'sec-fetch-site': 'same-origin' } : {}),
        },
      });
      for (const line of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        if (value) this.cookies.set(name, value);
        else this.cookies.delete(name);
      }
      const location = response.headers.get('location');
      const text = await response.text();
      const form = !location && response.ok && /<form method="post" action="([^"]*)">/.exec(text);
      if (!location && !form) throw new Error(`${response.status} at ${url}: ${text}`);
      if (form) {
        this.pages.push(text);
        const fields = [...text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)].map(([, name, value]) => [decode(name), decode(value)]);
        request = { url: new URL(decode(form[1]), url), method: 'POST', body: new URLSearchParams(fields).toString() };
      } else {
        request = { url: new URL(location, url), method: 'GET' };
        if (request.url.href.startsWith(until)) return request.url;
      }
    }
    throw new Error('It went on for more than ten steps.');
  }
}

const decode = (text) =>
  text.replace(/&#x([0-9A-F]+);/gi, (_, code) => String.fromCodePoint(parseInt(code, 16)))
    .replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
