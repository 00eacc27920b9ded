use super::*;

#[test]
fn form_encoded_keys_are_decoded_exactly_once() {
    for (encoded, key) in [
        ("a+b%2B%C3%BC.jpg", "a b+ü.jpg"),
        ("a%252Fb.jpg", "a%2Fb.jpg"),
        ("a%20b", "a b"),
        ("%E6%97%A5%E6%9C%AC.jpg", "日本.jpg"),
        ("x/../y", "x/../y"),
    ] {
        assert_eq!(key::decode(encoded).unwrap(), key);
    }
    for bad in ["", "100%", "%f", "%zz", "%C3", "%+1"] {
        assert!(key::decode(bad).is_err(), "{bad}");
    }
}

#[test]
fn eventbridge_s_keys_are_raw() {
    for key in ["a+b%20c.jpg", "100%", "%zz", "日本.jpg"] {
        assert_eq!(only(&bridged("Object Created", key)).unwrap().key, key);
        assert_eq!(only(&batch(&[bridged("Object Created", key)])).unwrap().key, key);
    }
    assert!(matches!(only(&bridged("Object Created", "")), Err(EventError::Key { .. })));
}
