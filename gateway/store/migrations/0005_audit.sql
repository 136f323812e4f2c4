-- What operators have had the gateway do, for good.

CREATE TABLE audit (
    id {identity},
    at BIGINT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
);
