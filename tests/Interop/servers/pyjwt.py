"""Judges the tokens that arrive on stdin, one line each; "+31" moves the clock by so many seconds."""
import sys
import time

import jwt
from hop_tokens import HopTokens

issuer, resource, jwks_url, how = sys.argv[1:]
moved = 0.0


def clock():
    return moved


if how == "defaults":
    client = jwt.PyJWKClient(jwks_url)
    time.monotonic = clock

    def check(token):
        return jwt.decode(token, client.get_signing_key_from_jwt(token).key, algorithms=["ES256"], issuer=issuer, audience=resource)
else:
    check = HopTokens(issuer, resource, jwks_url, clock).check

for line in sys.stdin:
    line = line.strip()
    if line.startswith("+"):
        moved += float(line)
        continue
    try:
        print("accepted", check(line)["sub"], flush=True)
    except Exception as refused:
        print("refused", type(refused).__name__, flush=True)
