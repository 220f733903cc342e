// What a person with a browser does: keeps an OAuth client's state and follows the authorization server's redirects.
import { randomBytes } from 'node:crypto';

const redirectUrl = 'http://127.0.0.1/callback';

/** An OAuthClientProvider for the official clients that knows nothing at the start. */
export class HeadlessUser {
  cookies = new Map();
  #client;
  #tokens;
  #verifier;
  #state;

  get redirectUrl() {
    return redirectUrl;
  }

  get clientMetadata() {
    return {
      client_name: 'Interop',
      application_type: 'native',
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }

  state = () => (this.#state = randomBytes(16).toString('base64url'));
  clientInformation = () => this.#client;
  saveClientInformation = (client) => void (this.#client = client);
  tokens = () => this.#tokens;
  saveTokens = (tokens) => void (this.#tokens = tokens);
  saveCodeVerifier = (verifier) => void (this.#verifier = verifier);
  codeVerifier = () => this.#verifier;

  /**
   * Keeps nothing but the access token: with a refresh token the client answers a request for more scope with a refresh,
   * which cannot widen, and its registration here is limited to the scopes that it had first asked for.
   */
  forgetAllButAccessToken() {
    this.#client = undefined;
    this.#tokens = { ...this.#tokens, refresh_token: undefined };
  }

  async redirectToAuthorization(url) {
    this.authorizationUrl = url;
    this.callback = await this.#follow(url);
    if (this.callback.searchParams.get('state') !== this.#state) throw new Error(`No answer to this request: ${this.callback}`);
  }

  get code() {
    return this.callback?.searchParams.get('code');
  }

  async #follow(start) {
    let url = new URL(start);
    for (let hop = 0; hop < 10; hop += 1) {
      const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(url, { redirect: 'manual', headers: cookie ? { cookie } : {} });
      for (const line of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        if (value) this.cookies.set(name, value);
        else this.cookies.delete(name);
      }
      const location = response.headers.get('location');
      if (!location) throw new Error(`The authorization server answered ${response.status} at ${url}: ${await response.text()}`);
      url = new URL(location, url);
      if (url.href.startsWith(redirectUrl)) return url;
    }
    throw new Error('The authorization server redirected more than ten times.');
  }
}
