//! What a follower makes of a hub that does not keep to the rules, or says things twice.

use causeway_drafts::mimi_protocol_06::franking::Frank;
use causeway_drafts::mimi_protocol_06::message::Message;
use causeway_drafts::mimi_protocol_06::notify::FanoutMessage;
use causeway_drafts::mimi_protocol_06::update::UpdateRequest;

use super::{Scene, client};
use crate::provider::Provider;
use crate::provider::device::Plan;
use crate::provider::error::Error;
use crate::provider::messages::{Draft, Kind};

impl Scene {
    /// A message of carol's, as the hub accepts it.
    fn carols_message(&mut self) -> (Message, u64, Option<Frank>) {
        let draft = Draft::new(&self.carol.user_uri(), &self.room, Kind::Text, "hello", (None, None)).unwrap();
        let sealed = self.state.device_mut(&self.carol).unwrap().seal(&self.room, &draft).unwrap();
        let message = Message::from_bytes(&sealed.message).unwrap();
        let (a, room, user) = (self.a.clone(), self.room.clone(), self.carol.user_uri());
        let (at, frank) = self.state.submit(&a, &room, (&user, &message)).unwrap();
        (message, at, frank)
    }

    /// What dora's device says about the Frank of a message.
    fn doras_verdict(&mut self, message: &Message, at: u64, frank: Option<Frank>) -> String {
        let fanout = FanoutMessage::application(at, message.bytes(), frank).unwrap();
        assert_eq!(self.dora.hear(&self.room, &fanout, &self.state.trust), Ok(None));
        self.dora.membership(&self.room).unwrap().messages.last().unwrap().frank.clone()
    }
}

#[tokio::test]
async fn franks_that_do_not_hold() {
    let mut scene = Scene::new();
    let (message, at, frank) = scene.carols_message();
    assert_eq!(scene.doras_verdict(&message, at, frank), "verified");
    let (message, at, frank) = scene.carols_message();
    assert!(scene.doras_verdict(&message, at + 1, frank).starts_with("P-057"));
    let (message, at, _) = scene.carols_message();
    assert!(scene.doras_verdict(&message, at, None).starts_with("P-048"));
    let (message, at, frank) = scene.carols_message();
    let frank = frank.map(|frank| Frank { franking_signature_ciphersuite: 2, ..frank });
    assert!(scene.doras_verdict(&message, at, frank).starts_with("P-049"));
    let (message, at, frank) = scene.carols_message();
    let frank = frank.map(|frank| Frank { server_frank: [0; 32], ..frank });
    assert!(scene.doras_verdict(&message, at, frank).starts_with("P-057"));
}

#[tokio::test]
async fn bodies_that_come_twice_or_from_somebody_else() {
    let mut scene = Scene::new();
    let first = scene.carols_message();
    let commit = scene.carols(&Plan::default());
    scene.update_of_a(&commit).unwrap();
    let second = scene.carols_message();
    let application = |(message, at, frank): &(Message, u64, Option<Frank>)| {
        FanoutMessage::application(*at, message.bytes(), frank.clone()).unwrap().to_bytes()
    };
    let UpdateRequest::Commit(bundle) = &commit else { panic!("a commit") };
    let commit = FanoutMessage::commit(first.1, bundle.commit.bytes(), &[]).unwrap().to_bytes();
    let body = [application(&first), commit, application(&second)].concat();

    let Scene { room, a, b, other, dora, state, .. } = scene;
    let provider = Provider::new(b.clone(), client()).unwrap();
    let client = dora.client.clone();
    provider.with(|empty| {
        *empty = other;
        empty.trust.pin(&a, &[state.authority.root_pem()]).unwrap();
        empty.devices.insert(client.clone(), dora);
    });
    let heard = || provider.with(|state| state.device(&client).unwrap().membership(&room).unwrap().messages.len());
    assert!(matches!(provider.notify(&b, &room, &body).await, Err(Error::Identity(_))));
    assert!(matches!(provider.notify(&a, &room, &body[..body.len() - 1]).await, Err(Error::Malformed(_))));
    assert_eq!(heard(), 0);
    let unknown = "mimi://a.test/r/other".parse().unwrap();
    assert!(matches!(provider.notify(&a, &unknown, &body).await, Err(Error::NotFound(_))));
    for _ in 0..2 {
        provider.notify(&a, &room, &body).await.unwrap();
        assert_eq!(heard(), 2);
    }
    // P-067: the same messages in another body are known, too.
    provider.notify(&a, &room, &application(&second)).await.unwrap();
    assert_eq!(heard(), 2);
    assert_eq!(provider.with(|state| state.device(&client).unwrap().epoch(&room)), Ok(2));
}
