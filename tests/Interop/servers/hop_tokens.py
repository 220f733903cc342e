# A hop token at an MCP server, with PyJWT.
import threading
import time

import jwt


class HopTokens:
    def __init__(self, issuer, resource, jwks_url, clock=time.monotonic):
        self.issuer, self.resource, self.clock = issuer, resource, clock
        # Its own cache is switched off: any made-up key id would go past it, straight to the issuer.
        self.source = jwt.PyJWKClient(jwks_url, cache_keys=False, cache_jwk_set=False)
        self.gate, self.keys, self.fetched = threading.Lock(), {}, None

    def key(self, kid):
        with self.gate:
            age = None if self.fetched is None else self.clock() - self.fetched
            # Removed keys are gone after 30 s; a new one is fetched with the first token that names it, once a second at most.
            if age is None or age >= 30 or (kid not in self.keys and age >= 1):
                self.keys = {key.key_id: key.key for key in self.source.get_signing_keys()}
                self.fetched = self.clock()
            return self.keys[kid]

    def check(self, token):
        header = jwt.get_unverified_header(token)
        if header.get("typ", "").lower() != "at+jwt":
            raise jwt.InvalidTokenError("not an access token")
        claims = jwt.decode(
            token,
            self.key(header["kid"]),
            algorithms=["ES256"],
            issuer=self.issuer,
            audience=self.resource,
            leeway=30,
            options={"require": ["iss", "sub", "aud", "iat", "exp"]},
        )
        if claims["aud"] != self.resource:
            raise jwt.InvalidAudienceError("for others as well")
        if "cnf" in claims:
            raise jwt.InvalidTokenError("bound to a key: it needs its DPoP proof")
        return claims
