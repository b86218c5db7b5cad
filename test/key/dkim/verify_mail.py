# Signs a mail with a private key in PEM, as a mail server would, and verifies it by what a name server answers to dig.
# usage: verify_mail.py ALGORITHM KEYFILE SELECTOR DOMAIN ADDRESS PORT
import base64
import subprocess
import sys

import dkim

algorithm, key_file, selector, domain, address, port = sys.argv[1:]
key = open(key_file, "rb").read()
if algorithm == "ed25519":
    der = subprocess.check_output(["openssl", "pkey", "-in", key_file, "-outform", "DER"])
    key = base64.b64encode(der[-32:])
message = b"From: a@" + domain.encode() + b"\r\nTo: b@example.org\r\nSubject: hello\r\n\r\nbody\r\n"
header = dkim.sign(
    message, selector.encode(), domain.encode(), key, signature_algorithm=algorithm.encode() + b"-sha256"
)


def txt(name, timeout=5):
    asked = name.decode().rstrip(".")
    answer = subprocess.check_output(["dig", "+short", "@" + address, "-p", port, asked, "TXT"]).strip()
    return answer.replace(b'" "', b"").strip(b'"').replace(b"\\;", b";")


print("verified" if dkim.verify(header + message, dnsfunc=txt) else "refused")
