"""HPKE [RFC 9180], base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, as MLS's first suite uses it; with an
ephemeral key that is given, so that a vector is the same each time."""

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEM_ID, KDF_ID, AEAD_ID = (number.to_bytes(2, "big") for number in (0x0020, 0x0001, 0x0001))
KEM_SUITE, SUITE = b"KEM" + KEM_ID, b"HPKE" + KEM_ID + KDF_ID + AEAD_ID


def _hmac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def _extract(suite, salt, label, material):
    return _hmac(salt or bytes(32), b"HPKE-v1" + suite + label + material)


def _expand(suite, key, label, info, size):
    # All that is needed here is at most one block.
    assert size <= 32
    return _hmac(key, size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info + b"\x01")[:size]


def raw(public):
    """A public key's octets."""
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _key_and_nonce(shared, kem_context, info):
    secret = _expand(KEM_SUITE, _extract(KEM_SUITE, b"", b"eae_prk", shared), b"shared_secret", kem_context, 32)
    context = b"\0" + _extract(SUITE, b"", b"psk_id_hash", b"") + _extract(SUITE, b"", b"info_hash", info)
    secret = _extract(SUITE, secret, b"secret", b"")
    return _expand(SUITE, secret, b"key", context, 16), _expand(SUITE, secret, b"base_nonce", context, 12)


def seal(recipient, ephemeral, info, plaintext):
    """KEM output and ciphertext, for the raw public key `recipient`."""
    ephemeral = X25519PrivateKey.from_private_bytes(ephemeral)
    output = raw(ephemeral.public_key())
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient))
    key, nonce = _key_and_nonce(shared, output + recipient, info)
    return output, AESGCM(key).encrypt(nonce, plaintext, b"")


def open_(private, output, info, ciphertext):
    """The plaintext."""
    private = X25519PrivateKey.from_private_bytes(private)
    shared = private.exchange(X25519PublicKey.from_public_bytes(output))
    key, nonce = _key_and_nonce(shared, output + raw(private.public_key()), info)
    return AESGCM(key).decrypt(nonce, ciphertext, b"")
