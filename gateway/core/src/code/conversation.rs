//! 5xxx: policy and consent.

super::codes! {
    ROOM_POLICY = 5001 (User, FINAL) "mimi-room-policy-04 §8"
        "The room's policy forbids it"
        what "The answer is notAllowed, or the event is refused; the group does not change."
        why "The user's role lacks the capability: the text names rule and capability."
        remedy "Somebody with the right role has to do it, or change the role.";
    RULE = 5002 (User, FINAL) "SPEC.md, under the requirement in the text"
        "A rule of the gateway forbids it"
        what "The request is refused; nothing changes."
        why "The text begins with the requirement's id."
        remedy "Read the requirement in SPEC.md.";
    MATRIX_RULE = 5003 (User, FINAL) "R-056"
        "The Matrix room would not allow what the commit does"
        what "The answer is notAllowed; the group does not change."
        why "With our hub, roles follow power levels: what a ghost may not do on Matrix, its user may not do in MIMI."
        remedy "Give the ghost the power level, if you want it done.";
}
