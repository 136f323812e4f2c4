//! `GET /user/devices`, `POST /user/keys/query`, `POST /user/keys/claim`: ghosts have no devices, because the gateway
//! does not support encrypted Matrix rooms yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use ruma::UInt;
use ruma::api::federation::device::get_devices;
use ruma::api::federation::keys::{claim_keys, get_keys};

use crate::matrix::extract::{Answer, Signed};
use crate::node::Node;

pub(super) async fn devices(_: State<Arc<Node>>, signed: Signed<get_devices::v1::Request>) -> Answer<get_devices::v1::Response> {
    Answer(get_devices::v1::Response::new(signed.request.user_id, UInt::from(1u32)))
}

pub(super) async fn query(_: State<Arc<Node>>, _: Signed<get_keys::v1::Request>) -> Answer<get_keys::v1::Response> {
    Answer(get_keys::v1::Response::new(BTreeMap::new()))
}

pub(super) async fn claim(_: State<Arc<Node>>, _: Signed<claim_keys::v1::Request>) -> Answer<claim_keys::v1::Response> {
    Answer(claim_keys::v1::Response::new(BTreeMap::new()))
}
