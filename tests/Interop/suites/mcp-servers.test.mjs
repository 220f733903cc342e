// MCP servers in other languages that take hop tokens: what docs/mcp-servers.md shows is what runs here, and what each library
// takes as it comes is told there because it was seen here.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it, mock } from 'node:test';
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { hopTokens } from '../servers/jose.mjs';

const resource = 'https://weather.internal/mcp';
const published = new Map();
let server;
let issuer;
let fetches = 0;

before(async () => {
  server = createServer((request, response) => {
    fetches += 1;
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ keys: [...published.values()].map(({ jwk }) => jwk) }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  issuer = `http://127.0.0.1:${server.address().port}/hop`;
});

after(() => server.close());

async function publish(...kids) {
  published.clear();
  for (const kid of kids) {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    published.set(kid, { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } });
  }
}

const settings = () => ({ issuer, resource, jwksUrl: `${issuer}/jwks` });

function token({ kid = 'first', key = published.get(kid).privateKey, typ = 'at+jwt', ...claims } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const all = { iss: issuer, sub: 'alice', aud: resource, iat: now, exp: now + 120, ...claims };
  for (const [name, value] of Object.entries(all)) {
    if (value === undefined) delete all[name];
  }
  return new SignJWT(all).setProtectedHeader({ alg: 'ES256', typ, kid }).sign(key);
}

// What each library takes as it comes, and must not be taken.
const harmful = {
  'for another server as well': { aud: [resource, 'https://notes.internal/mcp'] },
  'an ID token': { typ: 'JWT', nonce: 'n' },
  'without an end': { exp: undefined },
  'bound to a key, without its proof': { cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } },
};

const wrong = {
  'for another server': { aud: 'https://notes.internal/mcp' },
  'for its URL with a slash': { aud: `${resource}/` },
  'of another issuer': { iss: 'https://mcp.example.com/other' },
  'that has ended': { exp: 1 },
};

/** The libraries, each as a function from a token to whether it was accepted, and a clock that moves. */
const libraries = {
  jose: {
    open() {
      const check = hopTokens(settings());
      const plain = createRemoteJWKSet(new URL(settings().jwksUrl));
      const accepted = (promise) => promise.then(() => true, () => false);
      mock.timers.enable({ apis: ['Date'], now: Date.now() });
      return {
        accepts: (text) => accepted(check(text)),
        acceptsByDefault: (text) => accepted(jwtVerify(text, plain, { issuer, audience: resource })),
        move: (seconds) => mock.timers.setTime(Date.now() + seconds * 1000),
        close: () => mock.timers.reset(),
      };
    },
  },
  PyJWT: {
    asksForEachKeyId: true,
    open() {
      const start = (how) => {
        const script = fileURLToPath(new URL('../servers/pyjwt.py', import.meta.url));
        const child = spawn('/usr/bin/python3', [script, issuer, resource, settings().jwksUrl, how], { stdio: ['pipe', 'pipe', 'inherit'] });
        const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
        return {
          child,
          async accepts(text) {
            child.stdin.write(`${text}\n`);
            const { value, done } = await lines.next();
            assert.ok(!done, 'the Python process has ended: it needs the Debian package python3-jwt');
            return value.startsWith('accepted');
          },
        };
      };
      const [safe, plain] = [start('safe'), start('defaults')];
      return {
        accepts: safe.accepts,
        acceptsByDefault: plain.accepts,
        move: (seconds) => [safe, plain].forEach(({ child }) => child.stdin.write(`+${seconds}\n`)),
        async close() {
          for (const { child } of [safe, plain]) {
            child.stdin.end();
            await once(child, 'exit');
          }
        },
      };
    },
  },
};

for (const [name, library] of Object.entries(libraries)) {
  describe(`an MCP server with ${name}`, () => {
    let judge;

    before(async () => {
      await publish('first');
      judge = library.open();
    });

    after(() => judge.close());

    it('takes a hop token for itself', async () => {
      assert.equal(await judge.accepts(await token()), true);
      assert.equal(await judge.acceptsByDefault(await token()), true);
    });

    for (const [what, claims] of Object.entries(wrong)) {
      it(`refuses a token ${what}`, async () => assert.equal(await judge.accepts(await token(claims)), false));
    }

    for (const [what, claims] of Object.entries(harmful)) {
      it(`refuses what the library takes as it comes: a token ${what}`, async () => {
        assert.equal(await judge.acceptsByDefault(await token(claims)), true);
        assert.equal(await judge.accepts(await token(claims)), false);
      });
    }

    it('takes a new key with the first token that names it, and asks no more than once a second for made-up ones', async () => {
      await publish('first', 'second');
      judge.move(1);
      assert.equal(await judge.accepts(await token({ kid: 'second' })), true);
      const { privateKey } = await generateKeyPair('ES256');
      const before = fetches;
      for (let i = 0; i < 20; i += 1) {
        assert.equal(await judge.accepts(await token({ kid: `made-up-${i}`, key: privateKey })), false);
      }
      assert.equal(fetches, before);
      if (library.asksForEachKeyId) {
        await judge.acceptsByDefault(await token({ kid: 'made-up', key: privateKey }));
        await judge.acceptsByDefault(await token({ kid: 'made-up', key: privateKey }));
        assert.equal(fetches, before + 2);
      }
    });

    it('forgets a key that was removed within a minute, which the library as it comes does not', async () => {
      await publish('third');
      judge.move(601);
      const text = await token({ kid: 'third', exp: Math.floor(Date.now() / 1000) + 400 });
      assert.deepEqual([await judge.accepts(text), await judge.acceptsByDefault(text)], [true, true]);

      await publish('fourth');
      judge.move(59);
      assert.deepEqual([await judge.accepts(text), await judge.acceptsByDefault(text)], [false, true]);
    });
  });
}
