use super::*;

#[test]
fn each_message_is_one_with_its_count() {
    let delivery = parse(&batch(&[created("a"), bridged("Object Created", "b")])).unwrap();
    assert_eq!(delivery.envelope, Envelope::Sqs);
    let told: Vec<_> = delivery.messages.iter().map(|m| (m.id.as_str(), m.receive_count)).collect();
    assert_eq!(told, [("m0", 3), ("m1", 3)]);
}

#[test]
fn a_count_that_is_none_is_one() {
    for count in [json!("many"), json!(null), json!("-1"), json!("4294967296")] {
        let mut payload = batch(&[created("a")]);
        payload["Records"][0]["attributes"]["ApproximateReceiveCount"] = count;
        assert_eq!(parse(&payload).unwrap().messages[0].receive_count, 1);
    }
}

#[test]
fn every_kind_of_body_is_read() {
    for body in [
        created("a"),
        notified(&created("a")),
        bridged("Object Created", "a"),
        notified(&bridged("Object Created", "a")),
        json!({ "Records": [sns_record(&created("a"))] }),
    ] {
        assert_eq!(only(&batch(std::slice::from_ref(&body))).unwrap().key, "a", "{body}");
    }
}

#[test]
fn a_bad_message_does_not_harm_its_neighbours() {
    let mut payload = batch(&[created("a"), json!(null), json!({ "hello": 1 }), created("b"), created("c")]);
    payload["Records"][1]["body"] = json!("{ not JSON");
    payload["Records"][3].as_object_mut().unwrap().remove("body");
    let delivery = parse(&payload).unwrap();
    assert!(delivery.messages[0].events[0].is_ok() && delivery.messages[4].events[0].is_ok());
    assert!(matches!(delivery.messages[1].events[..], [Err(EventError::NotJson { .. })]));
    assert!(matches!(delivery.messages[2].events[..], [Err(EventError::Unknown { .. })]));
    assert!(matches!(delivery.messages[3].events[..], [Err(EventError::Malformed { .. })]));
    assert_eq!(delivery.messages[3].id, "m3");
}

#[test]
fn what_has_no_id_stands_among_the_others_without_one() {
    let mut payload = batch(&[created("a"), created("b")]);
    payload["Records"][0] = record("ObjectCreated:Put", "no message");
    let delivery = parse(&payload).unwrap();
    assert_eq!(delivery.envelope, Envelope::Sqs);
    assert_eq!(delivery.messages[0].id, "");
    assert!(matches!(delivery.messages[0].events[..], [Err(EventError::Malformed { .. })]));
    assert!(delivery.messages[1].events[0].is_ok());
}
