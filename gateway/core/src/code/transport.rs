//! 1xxx: reaching peers, and who they are.

super::codes! {
    PEER_NOT_FOUND = 1001 (Peer, AGAIN) "Matrix: resolving server names; mimi-protocol-06 §4.2"
        "The peer's name leads to no address"
        what "The request was not sent. What waits for this peer stays in its lane and is tried again, at most ten minutes apart."
        why "The name does not exist, its .well-known or SRV record is wrong, or the resolver does not answer."
        remedy "Resolve the name on the gateway's machine. For a MIMI provider on a private network, set its address under [peers].";
    PEER_UNREACHABLE = 1002 (Peer, AGAIN) "Matrix: TLS; mimi-protocol-06 §4.1"
        "No connection to the peer, or it broke"
        what "The request may or may not have arrived; it is sent again with the same identifiers, so that it counts once."
        why "The peer is down, a firewall is in between, or the TLS handshake failed: the text says which."
        remedy "Usually wait. If the text speaks of certificates, compare the peer's certificate with the configured trusted roots, and both clocks.";
    PEER_TIMED_OUT = 1003 (Peer, AGAIN) "mimi-protocol-06 §4.1"
        "The peer did not answer in time"
        what "The request counts as not answered and is sent again with the same identifiers."
        why "The peer is overloaded, or the line is stuck."
        remedy "Usually wait; the lane shows the number of attempts.";
    PEER_BUSY = 1004 (Peer, AGAIN) "Matrix: rate limiting; RFC 9110 §15.6.4"
        "The peer wants to be asked again later"
        what "The lane waits as long as Retry-After says, otherwise with doubling pauses."
        why "The peer answered 408, 425, 429 or 5xx."
        remedy "Usually wait. If it lasts, the peer's operator has to know.";
    PEER_REFUSED = 1005 (Peer, FINAL) "mimi-protocol-06 §5; Matrix: standard error response"
        "The peer refuses the request for good"
        what "The request is not repeated. What it was for is undone where that is possible, and recorded as a loss."
        why "The peer answered 4xx. Its own words, shortened, are in the text."
        remedy "Read the peer's words. A Causeway on the other end begins them with a code of this table.";
    PEER_ANSWER_MALFORMED = 1006 (Peer, AGAIN) "P-007"
        "The peer's answer is not what the specification says"
        what "The answer is not used, and the request is repeated later."
        why "The peer speaks another version, is broken, or something in between rewrites answers."
        remedy "Show the peer's operator the text.";
    NO_CLIENT_CERTIFICATE = 1101 (Peer, FINAL) "P-004"
        "The provider shows no client certificate"
        what "The request is answered with 403."
        why "The provider is not set up for mutual TLS, or a proxy in front of the gateway ends its TLS."
        remedy "Let TLS reach the gateway unbroken on the MIMI port; otherwise the sender has to act.";
    CERTIFICATE_NAMES_ANOTHER = 1102 (Peer, FINAL) "P-006"
        "The client certificate does not name the domain in From"
        what "The request is answered with 403."
        why "The sender claims a domain that its certificate does not carry."
        remedy "The sender has to use the right certificate, or the right From. Many of these from one address are an attack.";
    FROM_MALFORMED = 1103 (Peer, FINAL) "P-001, P-002"
        "The From header does not name one provider"
        what "The request is answered with 400."
        why "From is missing, there are several, or it is not mimi@<domain>."
        remedy "The sender has to act.";
    HOST_MALFORMED = 1104 (Peer, FINAL) "P-001, P-003"
        "The Host header does not name a domain"
        what "The request is answered with 400."
        why "Host is missing or no domain: often a health check or a scanner."
        remedy "Point health checks at the admin listener.";
    HOST_NOT_SERVED = 1105 (Peer, FINAL) "P-003"
        "The request is for a domain that is not served here"
        what "The request is answered with 421."
        why "The name of another provider leads to this gateway, or the gateway's own list of domains is incomplete."
        remedy "Compare the domain with mimi.provider and mimi.own_homeservers.";
    REQUEST_NOT_SIGNED = 1110 (Peer, FINAL) "Matrix: request authentication"
        "The Matrix request is not signed by whom it says"
        what "The request is answered with 401 M_UNAUTHORIZED."
        why "No X-Matrix header, a wrong signature, another destination, or the homeserver's keys cannot be had."
        remedy "Check that the gateway can reach the homeserver's /_matrix/key/v2/server, and that no proxy rewrites paths.";
    OWN_NAME_CLAIMED = 1111 (Peer, FINAL) "Matrix: request authentication"
        "Somebody sends a request under the gateway's own name"
        what "The request is answered with 401 M_UNAUTHORIZED."
        why "Two servers use one name, or a request was looped back."
        remedy "Make sure that nothing else serves matrix.server_name.";
    BODY_TOO_LARGE = 1201 (Peer, FINAL) "G-08; Matrix: M_TOO_LARGE"
        "The body is larger than is allowed"
        what "The request is answered with 413; nothing was read into memory beyond the limit."
        why "The limits are 13 MiB on the Matrix side and 16 MiB on the MIMI side; 64 KiB for what an invite says of its room."
        remedy "Nothing, unless an honest peer needs more: then file a report.";
    BODY_CUT_OFF = 1202 (Peer, AGAIN) "RFC 9110"
        "The body ended early"
        what "The request is answered with 400; nothing of it is used."
        why "The connection broke while the peer was sending."
        remedy "Nothing: the peer sends again.";
    REQUEST_MALFORMED = 1203 (Peer, FINAL) "Matrix: server-server API"
        "The Matrix request is not what the specification says"
        what "The request is answered with 400 M_BAD_JSON; the text names the place."
        why "The body is no JSON, or a field is missing or of another type."
        remedy "The sender has to act.";
    PATH_MALFORMED = 1204 (Peer, FINAL) "Matrix: server-server API; mimi-protocol-06 §5"
        "The path names nothing"
        what "The request is answered with 400."
        why "A part of the path is no valid identifier or URI."
        remedy "The sender has to act. Proxies must not decode paths.";
    NO_SUCH_ENDPOINT = 1205 (Peer, FINAL) "Matrix: M_UNRECOGNIZED; P-016"
        "There is no such endpoint"
        what "The request is answered with 404."
        why "The peer uses an interface that the gateway does not offer: of clients, of another version, or the other side's port."
        remedy "Check that the proxy sends each side's requests to its own port.";
    WRONG_METHOD = 1206 (Peer, FINAL) "Matrix: M_UNRECOGNIZED"
        "The endpoint has other methods"
        what "The request is answered with 405."
        why "The peer uses GET where PUT or POST is meant, or the reverse."
        remedy "The sender has to act.";
    NOT_IMPLEMENTED = 1207 (Ours, FINAL) "mimi-protocol-06 §5.8 to §5.10"
        "The directory names this endpoint, but it is not there yet"
        what "The request is answered with 501."
        why "identifierQuery, reportAbuse and proxyDownload are not supported yet."
        remedy "Nothing; the conformance table of SPEC.md says what is supported.";
    BODY_NOT_JSON = 1208 (Peer, FINAL) "Matrix: M_NOT_JSON"
        "The body of a Matrix request is no JSON"
        what "The request is answered with 400 M_NOT_JSON."
        why "The sender is no homeserver, or something on the way rewrites bodies."
        remedy "The sender has to act.";
    BODY_TOO_SLOW = 1209 (Peer, AGAIN) "RFC 9110"
        "The body did not arrive in time"
        what "The request is answered with 408; nothing of it is used."
        why "The peer, or the line to it, is very slow; or somebody tries to keep connections busy."
        remedy "Nothing: an honest peer sends again.";
    BODY_ENCODED = 1210 (Peer, FINAL) "RFC 9110"
        "The body is compressed"
        what "The request is answered with 415; nothing of it is unpacked."
        why "Neither protocol has compressed request bodies, and a small one may unpack to a very large one."
        remedy "The sender has to act.";
}
