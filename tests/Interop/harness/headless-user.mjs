// What a person with a browser does: keeps an OAuth client's state, and goes where the client sends its user.
import { randomBytes } from 'node:crypto';
import { Browser } from './browser.mjs';

const redirectUrl = 'http://127.0.0.1/callback';

/** An OAuthClientProvider for the official clients that knows nothing at the start. */
export class HeadlessUser {
  browser = new Browser();
  #client;
  #tokens;
  #verifier;
  #state;

  get cookies() {
    return this.browser.cookies;
  }

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
    this.callback = await this.browser.visit(url, redirectUrl);
    if (this.callback.searchParams.get('state') !== this.#state) throw new Error(`No answer to this request: ${this.callback}`);
  }

  get code() {
    return this.callback?.searchParams.get('code');
  }
}
